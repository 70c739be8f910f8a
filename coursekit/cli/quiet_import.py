"""Imports TensorFlow without the lines its C++ side writes before anyone can ask it not to."""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def quiet_standard_error():
    """Holds back what is written to descriptor 2, and shows it if the block fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        descriptor = os.dup(2)
        try:
            os.dup2(held.fileno(), 2)
            yield
        except Exception:
            sys.stderr.flush()
            os.dup2(descriptor, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(descriptor, 2)
            os.close(descriptor)


def import_tensorflow() -> None:
    """Imports TensorFlow and Keras and starts the runtime, in silence."""
    with quiet_standard_error():
        import keras  # noqa: F401
        import tensorflow as tf

        tf.config.list_logical_devices()
