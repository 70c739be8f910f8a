"""The gradient by step worked out by hand, from the last step back to the first."""

from keras import ops


def rnn_step(inputs, state, kernel, recurrent_kernel, bias):
    total = ops.matmul(inputs, kernel)
    total += ops.matmul(state, recurrent_kernel)
    total += bias
    return 2 * ops.sigmoid(2 * total) - 1


def run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias, padding_mask=None):
    outputs = ()
    state = initial_state
    for step, step_inputs in enumerate(ops.unstack(inputs, axis=1)):
        update = rnn_step(step_inputs, state, kernel, recurrent_kernel, bias)
        if padding_mask is None:
            state = update
        else:
            state = ops.where(padding_mask[:, step : step + 1], update, state)
        outputs += (state[:, None],)
    return [ops.concatenate(outputs, axis=1), state]


def gradient_by_step(inputs, initial_state, kernel, recurrent_kernel, bias):
    states, last_state = run_rnn(inputs, initial_state, kernel, recurrent_kernel, bias)
    upstream = ops.ones_like(last_state)
    norms = []
    for step in reversed(range(inputs.shape[1])):
        before_tanh = upstream * (1 - states[:, step] ** 2)
        norms.append(ops.norm(before_tanh @ ops.transpose(kernel)))
        upstream = before_tanh @ ops.transpose(recurrent_kernel)
    return ops.stack(norms[::-1])


def sequential_operations(kind, sequence_length, num_layers):
    assert sequence_length >= 1
    assert num_layers >= 1
    extra = {"rnn": sequence_length - 1, "attention": 0}.get(kind)
    if extra is None:
        raise ValueError(f"Only rnn and attention are known. Received: {kind=}")
    return num_layers + extra
