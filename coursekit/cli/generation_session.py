"""Loads a language model, writes on from a prompt, and shows the text as it comes."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from coursekit.cli.quiet_import import import_tensorflow
from coursekit.errors import UserError

TEMPERATURE = 0.8


@dataclass(frozen=True)
class Wishes:
    """The command's options."""

    max_tokens: int | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    greedy: bool
    seed: int
    samples: int
    stops: tuple[str, ...]
    window: bool

    def check(self) -> None:
        """Refuses what needs no model to be refused."""
        if self.max_tokens is not None and self.max_tokens < 0:
            raise UserError(f"--max-tokens is 0 or more. Received: {self.max_tokens}")
        if self.samples < 1:
            raise UserError(f"--samples is at least 1. Received: {self.samples}")
        if self.seed < 0:
            raise UserError(f"--seed is 0 or more. Received: {self.seed}")
        if self.greedy:
            drawing = ("temperature", "top_k", "top_p")
            given = [name for name in drawing if getattr(self, name) is not None]
            if given:
                option = given[0].replace("_", "-")
                raise UserError(
                    f"--greedy draws nothing, so that it excludes --{option}. "
                    f"Received: --greedy --{option} {getattr(self, given[0])}"
                )
            if self.samples > 1:
                raise UserError(
                    "--greedy writes one text only: leave it out for several --samples. "
                    f"Received: --samples {self.samples}"
                )


def generate_and_show(prompt: str, path: Path | None, wishes: Wishes, as_json: bool) -> None:
    """Prints the prompt and how it goes on, or one JSON object."""
    from coursekit.generation.sampling_choice import Sampling
    from coursekit.training.language_model_settings import LanguageModelSettings
    from coursekit.training.run_folder import RunFolder, latest_run

    if not prompt:
        raise UserError('The prompt is empty: a model goes on from a text. Received: ""')
    wishes.check()
    temperature = TEMPERATURE if wishes.temperature is None else wishes.temperature
    sampling = Sampling(temperature, wishes.top_k, wishes.top_p, wishes.greedy)
    task = LanguageModelSettings.task
    folder = latest_run(task=task) if path is None else RunFolder(path)
    settings, _ = folder.read_record(task)  # refuses before TensorFlow is loaded

    import_tensorflow()
    from coursekit.generation.continuation import NEVER_WRITTEN, continue_texts
    from coursekit.generation.text_generation import TextGenerator
    from coursekit.training.saved_language_model import load_language_model

    model, tokenizer = load_language_model(folder)
    generator = TextGenerator(model, settings.sequence_length, NEVER_WRITTEN)

    shown_as_it_comes = not as_json and wishes.samples == 1

    begun = False

    def show(text: str) -> None:
        nonlocal begun
        sys.stdout.write(text if begun else prompt + text)
        sys.stdout.flush()
        begun = True

    found = continue_texts(
        generator,
        tokenizer,
        [prompt] * wishes.samples,
        wishes.max_tokens,
        sampling,
        wishes.seed,
        wishes.stops,
        "window" if wishes.window else "refuse",
        show if shown_as_it_comes else None,
    )
    seeds = range(wishes.seed, wishes.seed + wishes.samples)
    if as_json:
        drawn = {"temperature": temperature, "top_k": wishes.top_k, "top_p": wishes.top_p}
        content = {
            "run": str(folder.path),
            "prompt": prompt,
            "sampling": {
                "greedy": wishes.greedy,
                **(dict.fromkeys(drawn) if wishes.greedy else drawn),
            },
            "samples": [
                {"text": c.text, "tokens": c.tokens, "ended_by": c.ended_by, "seed": seed}
                for c, seed in zip(found, seeds, strict=True)
            ],
        }
        print(json.dumps(content, ensure_ascii=False))
    elif shown_as_it_comes:
        print("" if begun else prompt, flush=True)
    else:
        for continuation, seed in zip(found, seeds, strict=True):
            print(f"--- seed {seed}\n{prompt}{continuation.text}", flush=True)
