"""Models small enough to follow by hand."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops


class OneHead(keras.Model):
    """One head of causal attention over embeddings and positions, with a cache."""

    def __init__(self, vocabulary_size=13, sequence_length=24, hidden_dim=16, seed=0):
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.sequence_length = sequence_length
        self.hidden_dim = hidden_dim
        self.seed = seed

    def build(self, _=None):
        rng = np.random.default_rng(self.seed)
        shapes = {
            "tokens": (self.vocabulary_size, self.hidden_dim),
            "places": (self.sequence_length, self.hidden_dim),
            **dict.fromkeys(("query", "key", "value"), (self.hidden_dim, self.hidden_dim)),
        }
        for name, shape in shapes.items():
            weight = self.add_weight(name=name, shape=shape)
            weight.assign(rng.normal(size=shape))
            setattr(self, name, weight)
        self.built = True

    def call(self, token_ids, training=None):
        length = token_ids.shape[1] or tf.shape(token_ids)[1]
        inputs = ops.take(self.tokens, token_ids, 0) + self.places[:length]
        keys, values = inputs @ self.key, inputs @ self.value
        return self._attend(inputs, keys, values, tf.range(length))

    def initial_cache(self, batch_size, length):
        empty = tf.zeros([batch_size, length, self.hidden_dim])
        return empty, empty

    def call_with_cache(self, token_ids, cache, index, key_mask=None):
        length = token_ids.shape[1]
        places = ops.slice(self.places, [index, 0], [length, self.hidden_dim])
        inputs = ops.take(self.tokens, token_ids, 0) + places
        new = inputs @ self.key, inputs @ self.value
        cache = tuple(
            ops.slice_update(old, [0, index, 0], update)
            for old, update in zip(cache, new, strict=True)
        )
        return self._attend(inputs, *cache, index + tf.range(length)), cache

    def _attend(self, inputs, keys, values, places):
        scores = ops.matmul(inputs @ self.query, ops.transpose(keys, (0, 2, 1)))
        causal = places[:, None] >= tf.range(tf.shape(keys)[1])
        weights = ops.softmax(ops.where(causal, scores / 4, -1e9))
        return ops.matmul(inputs + weights @ values, ops.transpose(self.tokens))


class NextIs(keras.Model):
    """Knows for each token what comes next: `successors[token]`, with certainty."""

    def __init__(self, successors):
        super().__init__()
        self.vocabulary_size = len(successors)
        self.sequence_length = 64
        self.logits = tf.one_hot(successors, len(successors), on_value=50.0)
        self.built = True

    def call(self, token_ids, training=None):
        return tf.gather(self.logits, token_ids)
