"""tf.while_loop with a TensorArray; works for an unknown number of steps too."""

import tensorflow as tf


def rnn_step(inputs, state, kernel, recurrent_kernel, bias):
    return tf.tanh(tf.linalg.matmul(inputs, kernel) + (state @ recurrent_kernel + bias))


def run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias, padding_mask=None):
    inputs = tf.convert_to_tensor(inputs)
    initial_state = tf.convert_to_tensor(initial_state)
    length = tf.shape(inputs)[1]
    collected = tf.TensorArray(inputs.dtype, size=length)

    def body(t, state, collected):
        candidate = rnn_step(inputs[:, t], state, kernel, recurrent_kernel, bias)
        if padding_mask is not None:
            padded = tf.logical_not(padding_mask[:, t])
            candidate = tf.where(padded[:, None], state, candidate)
        return t + 1, candidate, collected.write(t, candidate)

    _, state, collected = tf.while_loop(
        lambda t, *_: t < length, body, (tf.constant(0), initial_state, collected)
    )
    return tf.transpose(collected.stack(), perm=(1, 0, 2)), state


@tf.function
def gradient_by_step(inputs, initial_state, kernel, recurrent_kernel, bias):
    _, last_state = run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias)
    (gradient,) = tf.gradients(last_state, inputs)
    return tf.sqrt(tf.einsum("btd,btd->t", gradient, gradient))


def sequential_operations(kind, sequence_length, num_layers):
    if kind == "attention":
        return num_layers
    elif kind == "rnn":
        return sum(1 for _ in range(sequence_length)) + sum(1 for _ in range(1, num_layers))
    else:
        raise ValueError("Received: kind=" + repr(kind))
