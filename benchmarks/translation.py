"""How well a translator does after so many minutes: held-out BLEU, greedy and with four beams.

    python benchmarks/translation.py --pairs fra.txt.gz --cell gru --minutes 20 [--attention]

Trains on pairs of at most ten words a side, split by source sentence, with the command line's own
settings, and scores all held-out test sentences with sacreBLEU against all their translations. The
minutes count everything from reading the file to the last step. Prints one JSON object.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from coursekit.training.budget import Stopwatch
from coursekit.training.run_folder import RunFolder
from coursekit.training.translation_data import split_pairs
from coursekit.training.translation_settings import TranslationSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", help="file of sentence pairs; the phrasebook unless given")
    parser.add_argument("--cell", default="gru", choices=("gru", "lstm", "rnn"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--attention", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings")
    parser.add_argument("--json", type=Path, help="write the result here too")
    arguments = parser.parse_args()
    changes = {name: json.loads(value) for name, value in (s.split("=", 1) for s in arguments.set)}
    settings = TranslationSettings(
        pairs=arguments.pairs,
        cell=arguments.cell,
        minutes=arguments.minutes,
        attention=arguments.attention,
        seed=arguments.seed,
        **changes,
    )
    with tempfile.TemporaryDirectory() as folder:
        result = measure(settings, RunFolder(Path(folder, "run")))
    text = json.dumps(result, ensure_ascii=False, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


def measure(settings: TranslationSettings, folder: RunFolder) -> dict:
    """Trains, and scores the test sentences both ways."""
    watch = Stopwatch()
    cpu = time.process_time()
    pairs = split_pairs(settings)
    from coursekit.training.bleu import corpus_bleu
    from coursekit.training.saved_translator import load_translator
    from coursekit.training.sentence_translation import translate_sentences
    from coursekit.training.translation import start_training

    trained = start_training(settings, folder, pairs, _Printer(), watch)
    cpu = time.process_time() - cpu
    translator, tokenizers = load_translator(folder)
    test = pairs.held_out["test"]
    scores, samples = {}, []
    for beam_width in (1, 4):
        translations = translate_sentences(
            translator, *tokenizers, test.sources, beam_width=beam_width
        )
        scores[beam_width] = corpus_bleu(translations, test.references)
        samples = [
            {"source": source, "translation": translation, "references": references}
            for source, translation, references in zip(
                test.sources[:8], translations, test.references, strict=False
            )
        ]
    return {
        "bleu_greedy": scores[1].score,
        "bleu_beam_4": scores[4].score,
        "signature": scores[1].signature,
        "test_sentences": len(test.sources),
        "trained": trained | {"run": None},
        "cpu_seconds": round(cpu, 1),
        "settings": settings.to_json() | {"pairs": settings.pairs and Path(settings.pairs).name},
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
        },
        "samples": samples,
    }


class _Printer:
    """Shows on stderr how the run goes."""

    def note(self, text):
        print(text, file=sys.stderr, flush=True)

    def step(self, report):
        if report.step % 500 == 0:
            self.note(
                f"{report.progress:4.0%} epoch {report.epoch} step {report.step} loss "
                f"{report.loss:.3f} {report.tokens_per_second:,.0f} tokens/s"
            )

    def evaluation(self, step, evaluation):
        self.note(
            f"     step {step}: validation loss {evaluation.loss:.3f}, free running "
            f"{evaluation.free_running_loss:.3f}, BLEU {evaluation.bleu.score:.2f}"
        )


if __name__ == "__main__":
    main()
