"""Decoding that takes the likeliest token at each step."""

import tensorflow as tf

from coursekit.generation.next_token import allowed_logits


def greedy_search(step, first_ids, state, max_length, stop_id, pad_id=0, forbidden_ids=()):
    """Writes one sequence a row, until every row has stopped or `max_length` tokens are written.

    A row that has written `stop_id` emits `pad_id` from then on. The loop is a `tf.while_loop`:
    inside a `tf.function` it is compiled once, whatever the batch and the length.

    Args:
        step: callable, `(token_ids (B,), state) -> (logits (B, V), state)`: one step of the model.
        first_ids: (B,), what the first step reads.
        state: nested structure of tensors, what the model carries from step to step.
        max_length: int, or scalar tensor.
        stop_id: int.
        pad_id: int.
        forbidden_ids: ids that are never written.

    Returns:
        Token ids, int32 (B, max_length), the stop token included.
    """
    first_ids = tf.cast(first_ids, tf.int32)
    batch_size = tf.shape(first_ids)[0]
    written = tf.TensorArray(tf.int32, size=max_length, element_shape=first_ids.shape)
    finished = tf.zeros_like(first_ids, tf.bool)

    def goes_on(time, token_ids, finished, written, state):
        return tf.logical_and(time < max_length, ~tf.reduce_all(finished))

    def body(time, token_ids, finished, written, state):
        logits, state = step(token_ids, state)
        token_ids = tf.argmax(allowed_logits(logits, forbidden_ids), -1, output_type=tf.int32)
        token_ids = tf.where(finished, pad_id, token_ids)
        finished = finished | (token_ids == stop_id)
        return time + 1, token_ids, finished, written.write(time, token_ids), state

    time, _, _, written, _ = tf.while_loop(
        goes_on, body, (tf.constant(0), first_ids, finished, written, state)
    )
    written = tf.transpose(written.gather(tf.range(time)))  # (B, steps taken)
    padding = tf.fill([batch_size, max_length - time], pad_id)
    return tf.ensure_shape(tf.concat([written, padding], axis=1), [first_ids.shape[0], None])
