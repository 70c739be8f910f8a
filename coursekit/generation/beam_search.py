"""Decoding that keeps the few best beginnings of a sequence."""

import tensorflow as tf

from coursekit.generation.next_token import allowed_log_probabilities


def beam_search(
    step,
    first_ids,
    state,
    beam_width,
    max_length,
    stop_id,
    pad_id=0,
    forbidden_ids=(),
    length_penalty=0.0,
):
    """Writes the `beam_width` best sequences that it finds for each row.

        score = log_likelihood / ((5 + length) / 6) ** length_penalty

    A beam that has written `stop_id` is frozen: it keeps its place, its likelihood and its length,
    emits `pad_id`, and competes with the others by its score. The search ends when all beams of all
    rows are frozen, or after `max_length` tokens. With one beam it is greedy search.

    Args:
        step: callable, `(token_ids (B * K,), state) -> (logits (B * K, V), state)`: one step of the
            model. The K beams of a row stand beside one another.
        first_ids: (B,), what the first step reads.
        state: nested structure of tensors (B * K, ...), what the model carries from step to step.
        beam_width: int, K.
        max_length: int, or scalar tensor.
        stop_id: int.
        pad_id: int.
        forbidden_ids: ids that are never written.
        length_penalty: float. Zero prefers short sequences, one divides by about the length.

    Returns:
        `(token_ids, log_likelihoods)`: int32 (B, K, max_length) and float32 (B, K), the best score
        first. The likelihood is that of all tokens written, the stop token included.

    Reference: Wu et al., "Google's neural machine translation system", 2016, section 7.
    """
    first_ids = tf.cast(first_ids, tf.int32)
    batch_size = tf.shape(first_ids)[0]
    never = tf.float32.min
    rows = tf.range(batch_size)[:, None] * beam_width  # (B, 1): where a row's beams begin

    def penalty(length):
        return ((5.0 + tf.cast(length, tf.float32)) / 6.0) ** length_penalty

    def goes_on(time, last_ids, finished, *_):
        return tf.logical_and(time < max_length, ~tf.reduce_all(finished))

    def body(time, last_ids, finished, lengths, totals, written, state):
        logits, state = step(tf.reshape(last_ids, [-1]), state)  # (B * K, V)
        vocabulary_size = logits.shape[-1]
        log_probs = allowed_log_probabilities(logits, forbidden_ids)
        log_probs = tf.reshape(log_probs, [batch_size, beam_width, vocabulary_size])
        frozen = tf.one_hot(pad_id, vocabulary_size, on_value=0.0, off_value=never)
        log_probs = tf.where(finished[:, :, None], frozen, log_probs)
        sums = tf.maximum(totals[:, :, None] + log_probs, never)  # (B, K, V)
        lengths = tf.where(finished, lengths, time + 1)
        scores = tf.maximum(sums / penalty(lengths)[:, :, None], never)
        flat = [batch_size, beam_width * vocabulary_size]
        _, best = tf.math.top_k(tf.reshape(scores, flat), k=beam_width)  # (B, K)
        beams, last_ids = best // vocabulary_size, best % vocabulary_size

        def of_best(values):
            return tf.gather(values, beams, batch_dims=1)

        totals = tf.gather(tf.reshape(sums, flat), best, batch_dims=1)
        finished = of_best(finished) | (last_ids == stop_id)
        written = tf.concat([of_best(written), last_ids[:, :, None]], axis=-1)
        chosen = tf.reshape(rows + beams, [-1])  # (B * K,)
        state = tf.nest.map_structure(lambda values: tf.gather(values, chosen), state)
        return time + 1, last_ids, finished, of_best(lengths), totals, written, state

    beams = tf.zeros([batch_size, beam_width], tf.int32)
    # Equal beginnings would stay equal: only the first beam of a row counts at the first step.
    totals = tf.where(tf.range(beam_width)[None, :] == 0, tf.cast(beams, tf.float32), never)
    written = tf.zeros([batch_size, beam_width, 0], tf.int32)
    loop = (tf.constant(0), beams + first_ids[:, None], beams > 0, beams, totals, written, state)
    shapes = tf.nest.map_structure(lambda tensor: tensor.shape, loop)
    shapes = (*shapes[:5], tf.TensorShape([None, beam_width, None]), shapes[6])
    time, _, _, _, totals, written, _ = tf.while_loop(goes_on, body, loop, shapes)
    written = tf.pad(written, [[0, 0], [0, 0], [0, max_length - time]], constant_values=pad_id)
    return written, totals
