"""The text package is light: TensorFlow is imported by what needs it, when it needs it."""

import subprocess
import sys

CODE = """
import sys
import coursekit.text, coursekit.text.phrasebook, coursekit.text.pipeline
import coursekit.text.sentence_pairs, coursekit.text.splits, coursekit.text.tokenizers
print([name for name in ("tensorflow", "keras", "keras_hub", "tokenizers") if name in sys.modules])
"""


def test_no_tensorflow_at_import():
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
