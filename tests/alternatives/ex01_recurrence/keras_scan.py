"""keras.ops.scan, with the input product of all steps computed once before the loop."""

import keras
import tensorflow as tf


def rnn_step(inputs, state, kernel, recurrent_kernel, bias):
    return keras.activations.tanh(
        keras.ops.add(
            keras.ops.add(
                keras.ops.matmul(state, recurrent_kernel), keras.ops.matmul(inputs, kernel)
            ),
            bias,
        )
    )


def run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias, padding_mask=None):
    projected = keras.ops.matmul(inputs, kernel) + bias
    projected = keras.ops.swapaxes(projected, 0, 1)
    masked = padding_mask is not None
    if masked:
        steps = (projected, keras.ops.transpose(padding_mask)[:, :, None])
    else:
        steps = (projected,)

    def advance(state, elements):
        new_state = keras.ops.tanh(elements[0] + keras.ops.matmul(state, recurrent_kernel))
        if masked:
            new_state = keras.ops.where(elements[1], new_state, state)
        return new_state, new_state

    initial_state = keras.ops.convert_to_tensor(initial_state)
    last_state, outputs = keras.ops.scan(advance, initial_state, steps)
    return keras.ops.swapaxes(outputs, 0, 1), last_state


def gradient_by_step(inputs, initial_state, kernel, recurrent_kernel, bias):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        last_state = run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias)[-1]
        total = keras.ops.sum(last_state)
    squares = tf.square(tape.gradient(total, inputs))
    return tf.sqrt(tf.reduce_sum(tf.reduce_sum(squares, axis=-1), axis=0))


def sequential_operations(kind, sequence_length, num_layers):
    match kind:
        case "rnn":
            return (sequence_length - 1) + (num_layers - 1) + 1
        case "attention":
            return num_layers
        case _:
            raise ValueError("There are rnn and attention. Received: kind=%r" % (kind,))
