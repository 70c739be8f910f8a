"""Loads a run, translates, and says which words it has never seen."""

import json
import sys
from pathlib import Path

from coursekit.cli.quiet_import import import_tensorflow


def translate_and_show(sentences: list[str], path: Path | None, beam: int, as_json: bool) -> None:
    """Prints a translation a line, or one JSON object."""
    from coursekit.training.run_folder import RunFolder, latest_run

    folder = latest_run() if path is None else RunFolder(path)
    folder.read_record()  # refuses before TensorFlow is loaded

    import_tensorflow()
    from coursekit.training.saved_translator import load_translator
    from coursekit.training.sentence_translation import translate_sentences, unknown_words

    translator, (source_tokenizer, target_tokenizer) = load_translator(folder)
    translations = translate_sentences(
        translator, source_tokenizer, target_tokenizer, sentences, beam_width=beam
    )
    results = [
        {
            "source": sentence,
            "translation": translation,
            "unknown_words": unknown_words(source_tokenizer, sentence),
        }
        for sentence, translation in zip(sentences, translations, strict=True)
    ]
    if as_json:
        content = {"run": str(folder.path), "beam": beam, "translations": results}
        print(json.dumps(content, ensure_ascii=False))
        return
    for result in results:
        print(result["translation"], flush=True)
        if result["unknown_words"]:
            words = ", ".join(result["unknown_words"])
            print(f"coursekit: not in the vocabulary: {words}", file=sys.stderr)
