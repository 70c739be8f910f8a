"""tf.scan over time-major arrays; the last state read from the outputs."""

import tensorflow as tf


def rnn_step(inputs, state, kernel, recurrent_kernel, bias):
    both = tf.concat([inputs, state], axis=-1)
    weights = tf.concat([kernel, recurrent_kernel], axis=0)
    return tf.math.tanh(tf.nn.bias_add(tf.matmul(both, weights), bias))


def run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias, padding_mask=None):
    if padding_mask is None:
        padding_mask = tf.ones(tf.shape(inputs)[:2], dtype=tf.bool)

    def advance(state, elements):
        step_inputs, keep = elements
        new_state = rnn_step(step_inputs, state, kernel, recurrent_kernel, bias)
        return tf.where(keep[:, tf.newaxis], new_state, state)

    time_major = (tf.transpose(inputs, [1, 0, 2]), tf.transpose(padding_mask))
    outputs = tf.transpose(tf.scan(advance, time_major, initializer=initial_state), [1, 0, 2])
    return outputs, outputs[:, -1]


def gradient_by_step(inputs, initial_state, kernel, recurrent_kernel, bias):
    watched = tf.Variable(inputs)
    with tf.GradientTape() as tape:
        outputs, _ = run_rnn(watched, initial_state, kernel, recurrent_kernel, bias)
        target = tf.reduce_sum(outputs[:, -1, :])
    gradient = tf.convert_to_tensor(tape.gradient(target, watched))
    return tf.linalg.norm(tf.transpose(gradient, [1, 0, 2]), axis=[1, 2])


def sequential_operations(kind, sequence_length, num_layers):
    counts = {"rnn": num_layers + (sequence_length - 1), "attention": num_layers}
    try:
        return counts[kind]
    except KeyError:
        raise ValueError(f"Unknown kind. Received: kind={kind!r}") from None
