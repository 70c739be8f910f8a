"""`coursekit doctor`: which walls stand between student code and this machine."""

from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Try every wall that confines student code, and say which level of isolation results.

    Each wall is tried by doing what it forbids, in a child confined as a submission would be. Exits with 0 when
    the level is strict, 1 when it is basic.
    """
    import msgspec

    from coursekit.grading.doctor import examine
    from coursekit.grading.workers import require_supported_platform

    require_supported_platform()
    examination = examine()
    if as_json:
        print(msgspec.json.encode(examination).decode())
    else:
        from coursekit.grading.doctor_table import show

        show(examination)
    raise typer.Exit(0 if examination.strict else 1)
