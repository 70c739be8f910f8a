"""Small things of the course's own that checks hand to a student's functions: models, an iterator, optimizers.

They live beside the student's code, so nothing they say about themselves is evidence: checks read weights
back and compare values. Each is asked for by its name in `TOYS`, and by nothing else.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import ops


class NextTokenModel(keras.Model):
    """A small causal language model, deterministic, in which each way of being called shows in the logits.

        context[t] = mean of embedding[token_ids[s]] over the real s <= t
        hidden = tanh(concat(embedding[token_ids], context) @ kernel + bias + strength * training_bias)
        logits = sharpness * (hidden @ output_kernel)

    The strength is 1 in training and 1/4 otherwise. It stands for what only training does, such as
    dropout, without its randomness.
    Weights in order: embedding (V, U), kernel (2U, U), bias (U,), training_bias (U,), output_kernel
    (U, V), all trainable, and sharpness (), which is not.
    """

    def __init__(self, vocabulary_size, units, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.units = units

    def build(self, input_shape=None):
        vocabulary_size, units = self.vocabulary_size, self.units
        self.embedding = self.add_weight(name="embedding", shape=(vocabulary_size, units))
        self.kernel = self.add_weight(name="kernel", shape=(2 * units, units))
        self.bias = self.add_weight(name="bias", shape=(units,), initializer="zeros")
        self.training_bias = self.add_weight(name="training_bias", shape=(units,))
        self.output_kernel = self.add_weight(name="output_kernel", shape=(units, vocabulary_size))
        self.sharpness = self.add_weight(
            name="sharpness", shape=(), initializer="ones", trainable=False
        )

    def call(self, token_ids, padding_mask=None, training=None):
        if padding_mask is None:
            padding_mask = ops.ones_like(token_ids, dtype="bool")
        # A product, not a lookup: its gradient is dense, so a global norm has one meaning.
        vectors = ops.one_hot(token_ids, self.vocabulary_size) @ self.embedding  # (B, T, U)
        real = ops.cast(padding_mask, "float32")[..., None]  # (B, T, 1)
        count = ops.maximum(ops.cumsum(real, axis=1), 1.0)
        context = ops.cumsum(real * vectors, axis=1) / count  # (B, T, U)
        hidden = ops.concatenate([vectors, context], axis=-1) @ self.kernel + self.bias
        hidden = hidden + (1.0 if training else 0.25) * self.training_bias
        return self.sharpness * (ops.tanh(hidden) @ self.output_kernel)  # (B, T, V)


class TableModel:
    """Logits after a token are a row of a table: `logits[b, t] = table[token_ids[b, t]]`.

    With `stop_id`, it counts the calls that come when every row has that id among its real tokens.
    """

    def __init__(self, table, stop_id=None):
        self.table = table
        self.stop_id = stop_id
        self.calls_after_stop = 0

    def __call__(self, token_ids, padding_mask=None, training=None):
        token_ids = tf.convert_to_tensor(token_ids)
        if self.stop_id is not None:
            stops = tf.cast(token_ids, tf.int32) == self.stop_id
            if padding_mask is not None:
                stops &= tf.cast(padding_mask, tf.bool)
            self.calls_after_stop += int(tf.reduce_all(tf.reduce_any(stops, axis=1)))
        return tf.gather(self.table, token_ids)  # (B, T, V)


TOYS: dict[str, Any] = {
    "SGD": keras.optimizers.SGD,
    "Adam": keras.optimizers.Adam,
    "iterator": iter,  # over a list of batches: it can be gone through once
    "NextTokenModel": NextTokenModel,
    "TableModel": TableModel,
}
