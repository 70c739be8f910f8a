"""Tiny Shakespeare by characters: how fast to a loss, and how low in so many minutes.

    .venv/bin/python benchmarks/tiny_shakespeare.py --text input.txt --configuration nanogpt
    .venv/bin/python benchmarks/tiny_shakespeare.py --text input.txt --configuration best --minutes 30

`nanogpt` has the architecture and the schedule of nanoGPT's configuration for a CPU, and stops at
the first evaluation with a validation loss of 1.88 or less, which is what nanoGPT says to expect
after its 2,000 steps. `best` trains for so many minutes. The text is split 90/10 by position, and
the loss is that of the whole held-out part, in windows as long as the context, in nats a character.
Prints one JSON object.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

TARGET = 1.88
NANOGPT = dict(
    num_layers=4,
    num_heads=4,
    hidden_dim=128,
    sequence_length=64,
    batch_size=12,
    positions="learned",
    architecture={"use_bias": False},
    learning_rate=1e-3,
    final_learning_rate=1e-4,
    warmup_steps=100,
    weight_decay=0.1,
    beta_2=0.99,
    steps=2000,
)
BEST = dict(
    num_layers=4,
    num_heads=6,
    hidden_dim=192,
    sequence_length=128,
    batch_size=12,
    positions="rotary",
    architecture={"use_bias": False},
    dropout=0.1,
    learning_rate=3e-3,
    warmup_steps=100,
    evaluations=6,
)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--text", help="tiny Shakespeare's input.txt; coursekit's own text unless given"
    )
    parser.add_argument("--configuration", choices=("nanogpt", "best"), default="nanogpt")
    parser.add_argument("--minutes", type=float, default=30.0, help="of `best`")
    parser.add_argument("--evaluate-every", type=int, default=100, help="steps, of `nanogpt`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings")
    parser.add_argument("--run", type=Path, help="keep the run of `best` here")
    return parser.parse_args()


def to_the_target(settings, every: int) -> dict:
    """Trains until a validation loss is low enough; evaluations cost no training time."""
    import tensorflow as tf

    from coursekit.training.language_model import make_language_model
    from coursekit.training.language_model_data import split_language_data, tokenize_language_data
    from coursekit.training.language_model_task import LanguageModelTask

    data = tokenize_language_data(split_language_data(settings), settings)
    task = LanguageModelTask(
        settings, data, make_language_model(settings, data.tokenizer.vocabulary_size)
    )
    began, training, curve, step = time.monotonic(), 0.0, [], 0
    compiled = None
    while step < settings.steps:
        started = time.monotonic()
        for _ in range(every):
            sums = task.make_steps(step, [task.learning_rate(step, step / settings.steps)])
            step += 1
            if compiled is None:
                float(sums.loss)
                compiled = time.monotonic() - started
                started = time.monotonic()
        float(sums.loss)
        training += time.monotonic() - started
        loss, _ = task.evaluator.losses()
        curve.append([step, round(training, 1), round(loss, 4)])
        if loss <= TARGET:
            break
    tokens = step * settings.batch_size * settings.sequence_length
    return {
        "target": TARGET,
        "reached": curve[-1][2] <= TARGET,
        "validation_loss": curve[-1][2],
        "steps": step,
        "training_seconds": round(training, 1),
        "compiling_seconds": round(compiled or 0.0, 1),
        "seconds": round(time.monotonic() - began, 1),
        "tokens_per_second": round(tokens / training),
        "parameters": sum(tf.size(v).numpy().item() for v in task.model.trainable_variables),
        "curve": curve,
    }


class Curve:
    """A listener that keeps the evaluations."""

    def __init__(self):
        self.losses: list[list] = []

    def note(self, text):
        pass

    def step(self, report):
        pass

    def evaluation(self, step, evaluation):
        self.losses.append([step, round(evaluation.loss, 4)])


def in_minutes(settings, folder: Path) -> dict:
    """Trains for the settings' minutes, evaluations included."""
    from coursekit.training.language_model import start_language_model
    from coursekit.training.language_model_data import split_language_data
    from coursekit.training.run_folder import RunFolder

    listener = Curve()
    data = split_language_data(settings)
    result = start_language_model(settings, RunFolder(folder), data, listener)
    best = min(loss for _, loss in listener.losses)
    del result["run"]
    return {**result, "best_validation_loss": best, "curve": listener.losses}


def main() -> None:
    options = parse_arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from coursekit.training.language_model_settings import LanguageModelSettings

    changes = {name: json.loads(value) for name, value in (s.split("=", 1) for s in options.set)}
    common = {"text": options.text, "seed": options.seed, **changes}
    processor = time.process_time()
    if options.configuration == "nanogpt":
        settings = LanguageModelSettings(**NANOGPT | common)
        found = to_the_target(settings, options.evaluate_every)
    else:
        settings = LanguageModelSettings(**BEST | common, minutes=options.minutes)
        with tempfile.TemporaryDirectory() as folder:
            found = in_minutes(settings, options.run or Path(folder) / "run")
    report = {
        "configuration": options.configuration,
        **found,
        "processor_seconds": round(time.process_time() - processor, 1),
        "cores": os.cpu_count(),
        # ru_maxrss is in KiB on Linux.
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "settings": settings.to_json() | {"text": options.text and Path(options.text).name},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
