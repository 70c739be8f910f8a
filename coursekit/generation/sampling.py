"""How the next token is chosen from logits: the likeliest, or one drawn.

Pure functions. Chance comes from outside, as one number per row and token (`chances_of`), so that a
row draws the same whatever stands beside it in the batch.

Legend: B batch, V vocabulary, C candidates.
"""

import tensorflow as tf

from coursekit.generation.sampling_choice import GREEDY, Sampling, chances_of

__all__ = [
    "GREEDY",
    "Sampling",
    "candidates",
    "chances_of",
    "choose_token",
    "draw",
    "next_token_probabilities",
]


def candidates(logits, temperature=1.0, top_k=None, top_p=None):
    """Returns the tokens that may be drawn and how likely each is.

    Args:
        logits: (B, V). Those of forbidden tokens are minus infinity.
        temperature: float, or scalar tensor.
        top_k: int, or None.
        top_p: float, or scalar tensor, or None.

    Returns:
        `(weights (B, C), token_ids (B, C))`: float32, zero for what is left out, with a sum of at most
        one. `token_ids` is None where the candidates are the vocabulary in its order.
    """
    logits = tf.cast(logits, tf.float32)
    # The largest becomes zero, so that no temperature makes two of them infinite.
    logits -= tf.reduce_max(logits, axis=-1, keepdims=True)
    weights = tf.nn.softmax(logits / temperature)  # (B, V)
    if top_k is None and top_p is None:
        return weights, None
    vocabulary_size = logits.shape[-1]
    kept = vocabulary_size if top_k is None else min(top_k, vocabulary_size)
    weights, token_ids = tf.math.top_k(weights, kept)  # (B, C), the likeliest first
    if top_p is not None:
        before = tf.cumsum(weights, axis=-1, exclusive=True)
        # A rounded sum may pass one, which is no reason to drop anything.
        weights = tf.where((before <= top_p) | (top_p >= 1.0), weights, 0.0)
    return weights, token_ids


def next_token_probabilities(logits, sampling):
    """Returns with what probability each token is chosen, float32 (B, V).

    Args:
        logits: (B, V).
        sampling: a `Sampling`.
    """
    logits = tf.convert_to_tensor(logits)
    batch_size, vocabulary_size = logits.shape
    if sampling.greedy:
        return tf.one_hot(tf.argmax(logits, axis=-1), vocabulary_size)
    weights, token_ids = candidates(logits, sampling.temperature, sampling.top_k, sampling.top_p)
    weights /= tf.reduce_sum(weights, axis=-1, keepdims=True)
    if token_ids is None:
        return weights
    rows = tf.broadcast_to(tf.range(batch_size)[:, None], token_ids.shape)
    places = tf.stack([rows, token_ids], axis=-1)  # (B, C, 2)
    return tf.scatter_nd(places, weights, [batch_size, vocabulary_size])


def draw(weights, chances):
    """Draws one place for each row, with probability `weights / sum(weights)`.

        drawn[b] = the first i with weights[b, 0] + ... + weights[b, i] > chances[b] * sum(weights[b])

    A place of weight zero is never drawn.

    Args:
        weights: (B, C).
        chances: (B,), uniform in [0, 1), at most the largest float32 below 1.

    Returns:
        int32 (B,).
    """
    sums = tf.cumsum(weights, axis=-1)  # (B, C)
    total = tf.reduce_max(sums, axis=-1, keepdims=True)
    drawn = (sums > chances[:, None] * total) & (weights > 0)
    return tf.argmax(tf.cast(drawn, tf.int32), axis=-1, output_type=tf.int32)


def choose_token(logits, chances, sampling, temperature=None, top_p=None):
    """Chooses the next token of each row.

    Args:
        logits: (B, V).
        chances: (B,), see `draw`; not used by greedy.
        sampling: a `Sampling`.
        temperature: scalar tensor in the place of `sampling.temperature`: one compiled function then
            serves all temperatures.
        top_p: likewise.

    Returns:
        Token ids, int32 (B,).
    """
    if sampling.greedy:
        return tf.argmax(logits, axis=-1, output_type=tf.int32)
    temperature = sampling.temperature if temperature is None else temperature
    if sampling.top_p is None:
        top_p = None
    elif top_p is None:
        top_p = sampling.top_p
    weights, token_ids = candidates(logits, temperature, sampling.top_k, top_p)
    places = draw(weights, chances)
    if token_ids is None:
        return places
    return tf.gather(token_ids, places, batch_dims=1)
