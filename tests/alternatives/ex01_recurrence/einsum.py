"""Einsum for the products, an arithmetic mask, the longest chain found step by step."""

import tensorflow as tf
from keras import ops


def rnn_step(inputs, state, kernel, recurrent_kernel, bias):
    from_inputs = ops.einsum("bd,du->bu", inputs, kernel)
    from_state = ops.einsum("bu,uv->bv", state, recurrent_kernel)
    return ops.tanh(from_inputs + from_state + bias)


def run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias, padding_mask=None):
    _, num_steps, _ = inputs.shape
    states = [initial_state]
    for t in range(num_steps):
        state = rnn_step(inputs[:, t, :], states[-1], kernel, recurrent_kernel, bias)
        if padding_mask is not None:
            keep = ops.expand_dims(ops.cast(padding_mask[:, t], state.dtype), -1)
            state = keep * state + (1 - keep) * states[-1]
        states.append(state)
    return ops.stack(states[1:], axis=1), states[-1]


def gradient_by_step(inputs, initial_state, kernel, recurrent_kernel, bias):
    steps = tf.unstack(inputs, axis=1)
    with tf.GradientTape() as tape:
        tape.watch(steps)
        joined = tf.stack(steps, axis=1)
        last_state = run_rnn(joined, initial_state, kernel, recurrent_kernel, bias)[1]
        total = tf.reduce_sum(last_state)
    return tf.stack([tf.norm(gradient) for gradient in tape.gradient(total, steps)])


def sequential_operations(kind, sequence_length, num_layers):
    if kind not in ("rnn", "attention"):
        raise ValueError(f"kind has to be rnn or attention. Received: kind={kind}")
    finished = {}
    for layer in range(num_layers):
        for step in range(sequence_length):
            below = finished.get((layer - 1, step), 0)
            before = finished.get((layer, step - 1), 0) if kind == "rnn" else 0
            finished[layer, step] = max(below, before) + 1
    return max(finished.values())
