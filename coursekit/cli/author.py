"""`coursekit author`: for those who write units."""

from typing import Annotated

import typer

app = typer.Typer(help="For authors of units: stubs and their proof.", no_args_is_help=True)


@app.command()
def stubs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a stub is not up to date.")
    ] = False,
) -> None:
    """Write exercises/ from solutions/, between BEGIN SOLUTION and END SOLUTION."""
    from coursekit.course.stubs import stub_from_solution
    from coursekit.course.workspace import find_course
    from coursekit.errors import UserError

    course = find_course()
    stale = []
    for solution in sorted(course.solutions.glob("ex*.py")):
        stub = stub_from_solution(solution.stem, solution.read_text(encoding="utf-8"))
        target = course.exercises / solution.name
        if target.is_file() and target.read_text(encoding="utf-8") == stub:
            continue
        stale.append(solution.name)
        if not check:
            target.write_text(stub, encoding="utf-8")
            print(f"wrote {target.relative_to(course.root)}")
    extra = {file.name for file in course.exercises.glob("ex*.py")} - {
        file.name for file in course.solutions.glob("ex*.py")
    }
    if check and (stale or extra):
        names = ", ".join(sorted({*stale, *extra}))
        raise UserError(
            f"exercises/ differs from solutions/ ({names}). Run: coursekit author stubs", 1
        )


@app.command()
def verify(
    units: Annotated[
        list[str] | None, typer.Argument(metavar="[UNIT]...", help="Units to prove. [all]")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Under how many seeds solutions pass.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Prove units: solutions pass, stubs fail, mistakes are named, alternatives pass."""
    import msgspec

    from coursekit.course.syllabus import find_unit
    from coursekit.course.syllabus import units as all_units
    from coursekit.course.workspace import find_course
    from coursekit.grading.verify import verify_unit
    from coursekit.grading.workers import Zygote

    course = find_course()
    chosen = [find_unit(name) for name in units or ()] or list(all_units())
    proofs = []
    with Zygote() as zygote:
        for unit in chosen:
            proof = verify_unit(unit, course, zygote, seeds=seeds, say=None if as_json else print)
            proofs.append(proof)
    sound = all(proof.sound for proof in proofs)
    if as_json:
        print(msgspec.json.encode({"units": proofs, "sound": sound}).decode())
    raise typer.Exit(0 if sound else 1)
