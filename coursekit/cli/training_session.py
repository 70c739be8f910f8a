"""What `coursekit train TASK` does between the options and the last line."""

import json
from pathlib import Path

from rich.console import Console

from coursekit.cli.quiet_import import import_tensorflow
from coursekit.cli.solved_units import solved_units
from coursekit.cli.training_display import TrainingDisplay
from coursekit.cli.training_tasks import TASKS, TaskCommand
from coursekit.errors import UserError


def train(task: str, *arguments, **options) -> None:
    """Runs `_train`; Ctrl-C before the first step ends it with one line."""
    try:
        _train(TASKS[task], *arguments, **options)
    except KeyboardInterrupt:
        raise UserError("interrupted. If training had begun, go on with --resume.", 130) from None


def _train(
    task: TaskCommand,
    given: dict,
    path: Path | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Checks what was asked for, then trains and says how to go on.

    Args:
        task: what is trained.
        given: the settings named on the command line.
        path: folder of the run, or None.
        resume: whether to go on with a run.
        overwrite: whether a run in `path` is removed.
        as_json: whether the result is printed as JSON, and everything else to stderr.
    """
    console = Console(stderr=as_json, highlight=False)
    if resume and overwrite:
        raise UserError("--resume and --overwrite exclude each other.")
    from coursekit.training.run_folder import check_resumable, free_run

    # Everything that can be refused comes before TensorFlow is imported: it takes seconds.
    if resume:
        settings, folder = _settings_of_run(task.name, given, path)
    else:
        settings = task.settings(given)
        folder = free_run(path, overwrite, task.name)
    data = task.split(settings)
    if resume:
        check_resumable(folder, data, task.name)
    solved: set[str] = set()
    if settings.layers is not None and (units := task.units(settings, resume)):
        solved = solved_units(Path(settings.layers), units, settings.seed, console)
    console.print(f"Run {folder.path}{' goes on' if resume else ''}", markup=False)
    for note in data.notes:
        console.print(f"  {note}", style="dim", markup=False)

    import_tensorflow()
    with TrainingDisplay(console, f"preparing the {data.made_of}") as display:
        result = (
            task.resume(settings, folder, data, display, solved)
            if resume
            else task.start(settings, folder, data, display, solved)
        )
    lines = [
        *task.last_lines(result),
        f"{result['steps']:,} steps, {result['epochs']:.1f} epochs, {result['seconds']:.0f} s, "
        f"{result['parameters']:,} parameters",
        f"Training curves:  tensorboard --logdir {folder.path}",
        *task.what_next(settings, folder),
    ]
    console.print("\n".join(lines), markup=False, soft_wrap=True)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))


def _settings_of_run(task: str, given: dict, path: Path | None):
    """The settings of the run that goes on; refuses others on the command line."""
    from coursekit.training.run_folder import RunFolder, latest_run

    folder = latest_run(task=task) if path is None else RunFolder(path)
    settings, _ = folder.read_record(task)
    for name, value in given.items():
        if getattr(settings, name) != value:
            raise UserError(
                f"{folder.path} was begun with {name}={getattr(settings, name)}. Received: "
                f"--{name.replace('_', '-')} {value}. Leave the option out, or start another run."
            )
    return settings, folder
