"""A model without a key/value cache, in the clothes of one that has it."""

import tensorflow as tf


class UncachedModel:
    """Reads the whole text again for each token; its "cache" is the text read so far.

    So one loop serves both kinds of models. The text always has the length of the cache, padded at
    its end: a causal model's logits do not depend on what comes after, and a layer that asks for
    its inputs' length in Python finds one.

    Args:
        model: from ids (B, T) to logits (B, T, V).
    """

    def __init__(self, model):
        self.model = model

    def initial_cache(self, batch_size, length):
        return tf.zeros([batch_size, length], tf.int32)

    def call_with_cache(self, token_ids, cache, index):
        after = index + token_ids.shape[1]
        text = tf.concat([cache[:, :index], token_ids, cache[:, after:]], axis=1)
        text = tf.ensure_shape(text, cache.shape)
        logits = self.model(text, training=False)  # (B, S, V)
        return logits[:, index:after], text


def has_cache(model) -> bool:
    """Whether the cache of a model can be trusted.

    A student's layer or attention in the place of the reference's has no cache, or one that nobody has
    checked: then the text is read again for each token.
    """
    if not (hasattr(model, "call_with_cache") and hasattr(model, "initial_cache")):
        return False
    layers = model._flatten_layers()
    return all(
        type(layer).__module__.split(".")[0] in ("coursekit", "keras")
        and getattr(layer, "attention_function", None) is None
        for layer in layers
    )
