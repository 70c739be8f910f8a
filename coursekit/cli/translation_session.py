"""Loads a run, translates, and says which words it has never seen."""

import json
import sys
from pathlib import Path

from coursekit.cli.quiet_import import import_tensorflow
from coursekit.errors import UserError


def translate_and_show(sentences: list[str], path: Path | None, beam: int, as_json: bool) -> None:
    """Prints a translation a line, or one JSON object."""
    from coursekit.training.language_model_settings import LanguageModelSettings
    from coursekit.training.run_folder import RunFolder, latest_run

    folder = latest_run() if path is None else RunFolder(path)
    if folder.task() == LanguageModelSettings.task:
        beam, results = 1, _by_prompt(folder, sentences)
    else:
        results = _by_translator(folder, sentences, beam)
    if as_json:
        content = {"run": str(folder.path), "beam": beam, "translations": results}
        print(json.dumps(content, ensure_ascii=False))
        return
    for result in results:
        print(result["translation"], flush=True)
        if result["unknown_words"]:
            words = ", ".join(result["unknown_words"])
            print(f"coursekit: not in the vocabulary: {words}", file=sys.stderr)


def _by_translator(folder, sentences: list[str], beam: int) -> list[dict]:
    folder.read_record()  # refuses before TensorFlow is loaded

    import_tensorflow()
    from coursekit.training.saved_translator import load_translator
    from coursekit.training.sentence_translation import translate_sentences, unknown_words

    translator, (source_tokenizer, target_tokenizer) = load_translator(folder)
    translations = translate_sentences(
        translator, source_tokenizer, target_tokenizer, sentences, beam_width=beam
    )
    return [
        {
            "source": sentence,
            "translation": translation,
            "unknown_words": unknown_words(source_tokenizer, sentence),
        }
        for sentence, translation in zip(sentences, translations, strict=True)
    ]


def _by_prompt(folder, sentences: list[str]) -> list[dict]:
    """By a language model that has learned sentence pairs, greedily."""
    settings, _ = folder.read_record("language-model")
    if settings.pairs is None:
        raise UserError(
            f"{folder.path} has learned a text and no sentence pairs: continue one with "
            f"`coursekit generate --run {folder.path}`, or name another run."
        )
    import_tensorflow()
    from coursekit.generation.continuation import NEVER_WRITTEN
    from coursekit.generation.text_generation import TextGenerator
    from coursekit.training.prompted_translation import translate_by_prompt
    from coursekit.training.saved_language_model import load_language_model

    model, tokenizer = load_language_model(folder)
    generator = TextGenerator(model, settings.sequence_length, NEVER_WRITTEN)
    translations = translate_by_prompt(generator, tokenizer, sentences)
    return [
        {"source": sentence, "translation": translation, "unknown_words": []}
        for sentence, translation in zip(sentences, translations, strict=True)
    ]
