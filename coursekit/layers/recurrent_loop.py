"""The loop over time that every recurrent layer runs, and its gradient.

Legend: B batch, T steps, U units, G gates (LSTM 4, GRU 3, simple 1).

Three things make it quick on a CPU; `benchmarks/recurrent_layers.py` measures what they are worth:

1. The inputs' share of every gate comes in ready: one matrix product for all steps.
2. A gate is a tensor of its own, (T, B, U), and not a slice of (T, B, G*U): little is split or
   concatenated at a step, and the products of an even number of gates run side by side. An odd
   number would leave a core waiting, so those share one product.
3. The gradient of the recurrent kernel is one matrix product over all steps at once, after the
   backward loop, and not a sum that every step adds to.

Only the matrix products are differentiated by hand. What a cell computes between them is written
once, in `cell.step`, and differentiated by TensorFlow.
"""

import tensorflow as tf

from coursekit.layers.recurrent_cell import add_bias, gate_products
from coursekit.layers.time_steps import TimeSteps


def recurrent_loop(
    cell,
    input_gates,
    initial_states,
    keep=None,
    state_masks=None,
    return_sequences=True,
    unroll=False,
):
    """Runs a cell over all steps.

    Args:
        cell: a `RecurrentCell`.
        input_gates: the inputs' share of each gate, a list of G tensors (T, B, U).
        initial_states: list of (B, U); the first one is the hidden state.
        keep: boolean (T, B, 1) or None. Where it is False, the states stay as they are.
        state_masks: dropout of the hidden state for each gate, a list of G tensors (B, U), or None.
        return_sequences: whether the hidden state after every step is wanted.
        unroll: writes every step into the graph, however many there are.

    Returns:
        The hidden state after every step (T, B, U), or None, and the list of the last states.
    """
    num_gates, num_states = cell.num_gates, len(initial_states)

    def forward(*tensors):
        input_gates, states, weights = cut(tensors, num_gates, num_states)
        loop = _Loop(cell, TimeSteps(input_gates[0], unroll), weights, keep, state_masks)
        hidden, last_states = loop.forward(input_gates, states)
        return loop, [hidden, *last_states] if return_sequences else last_states

    @tf.custom_gradient
    def run(*tensors):
        loop, outputs = forward(*tensors)

        def gradient(*d_outputs):
            @tf.custom_gradient
            def backward(*tensors_and_d_outputs):
                _, d_outputs = cut(tensors_and_d_outputs, len(tensors))
                gradients = loop.backward(*cut(d_outputs, int(return_sequences)))
                return gradients, lambda *d: second(tensors_and_d_outputs, d)

            return backward(*tensors, *d_outputs)

        def second(tensors_and_d_outputs, d_gradients):
            """Second derivatives are those of the plain loop: what it saved is a constant above."""
            tensors, d_outputs = cut(tensors_and_d_outputs, num_gates + num_states + len(weights))
            with tf.GradientTape() as tape:
                tape.watch(tensors_and_d_outputs)
                with tf.GradientTape() as inner:
                    inner.watch(tensors)
                    _, outputs = forward(*tensors)
                gradients = inner.gradient(outputs, tensors, d_outputs)
            return tape.gradient(gradients, tensors_and_d_outputs, d_gradients)

        return outputs, gradient

    weights = [weight for weight in cell.recurrent_weights() if weight is not None]
    outputs = run(*input_gates, *initial_states, *weights)
    hidden, last_states = cut(outputs, int(return_sequences))
    return (hidden[0] if return_sequences else None), last_states


class _Loop:
    """One pass forward and back, and what the way back needs from the way there."""

    def __init__(self, cell, steps, weights, keep, state_masks):
        self.cell = cell
        self.steps = steps
        self.gates = range(cell.num_gates)
        self.kernel, *bias = weights
        self.bias = bias[0] if bias else None
        self.kernels = tf.split(self.kernel, cell.num_gates, axis=1)  # G of (U, U)
        self.biases = tf.split(bias[0], cell.num_gates) if bias else [None] * cell.num_gates
        self.state_masks = state_masks
        self.share = cell.num_gates % 2 and not cell.late_gates and state_masks is None
        self.kept = [] if keep is None else [steps.split(keep)]  # none or one series

    def forward(self, input_gates, states):
        """(T, B, U) of each gate and the first states to all hidden states and the last states."""
        self.inputs = [self.steps.split(gate) for gate in input_gates]
        self.num_states = len(states)
        num_saved = len(self.gates) + len(states) + len(self.cell.late_gates)
        last_states, saved = self.steps.scan(
            self.forward_step, [*self.inputs, *self.kept], states, num_saved + 1
        )
        self.saved, (hidden,) = cut(saved, num_saved)
        return self.steps.stack(hidden), last_states

    def forward_step(self, inputs, states):
        """The new states; and products, old states and what late gates saw, for the gradient."""
        input_gates, kept = cut(inputs, len(self.gates))
        results, seen = {}, {}
        if self.share:
            results = gate_products(states[0], self.kernel, self.bias, len(self.gates))

        def product(gate, hidden):
            seen[gate] = hidden
            if not self.share:
                result = self.masked(gate, hidden) @ self.kernels[gate]
                results[gate] = add_bias(result, self.biases[gate])
            return results[gate]

        new_states = hold(kept, self.cell.step(input_gates, states, product), states)
        late = [seen[gate] for gate in self.cell.late_gates]
        return new_states, [*[results[gate] for gate in self.gates], *states, *late, new_states[0]]

    def backward(self, d_hidden, d_states):
        """Gradients of all hidden states and of the last states to those of what came in."""
        self.transposed = [tf.transpose(kernel) for kernel in self.kernels]
        d_hidden = [self.steps.split(gradient) for gradient in d_hidden]  # none or one series
        d_states, d_gates = self.steps.scan(
            self.backward_step,
            [*self.inputs, *self.saved, *self.kept, *d_hidden],
            d_states,
            len(self.gates) + len(self.cell.apart_gates),
            reverse=True,
        )
        d_inputs, d_apart = cut(d_gates, len(self.gates))
        d_products = list(d_inputs)
        for gate, series in zip(self.cell.apart_gates, d_apart, strict=True):
            d_products[gate] = series
        d_inputs = [self.steps.stack(series) for series in d_inputs]
        return [*d_inputs, *d_states, *self.weight_gradients(d_products)]

    def backward_step(self, inputs, d_states):
        """Gradients of the states after a step to those before it, of its gates and its products.

        The step is computed again from its products, which is cheap, as those are remembered.
        """
        count = len(self.gates)
        input_gates, results, states, inputs = cut(inputs, count, count, len(d_states))
        _, kept, d_hidden = cut(inputs, len(self.cell.late_gates), len(self.kept))

        def product(gate, hidden):
            @tf.custom_gradient
            def recall(hidden, result):
                def gradient(d_result):
                    return self.masked(gate, d_result @ self.transposed[gate]), d_result

                return tf.identity(result), gradient

            return recall(hidden, results[gate])

        apart = [results[gate] for gate in self.cell.apart_gates]
        with tf.GradientTape() as tape:
            tape.watch([input_gates, apart, states])
            new_states = hold(kept, self.cell.step(input_gates, states, product), states)
        if d_hidden:
            d_states = [d_states[0] + d_hidden[0], *d_states[1:]]
        d_gates, d_apart, d_states = tape.gradient(
            new_states, [input_gates, apart, states], d_states, unconnected_gradients="zero"
        )
        return d_states, [*d_gates, *d_apart]

    def weight_gradients(self, d_products):
        """Series of the products' gradients to those of the recurrent kernel and bias."""
        _, states, late = cut(self.saved, len(self.gates), self.num_states)
        seen = [states[0]] * len(self.gates)
        for gate, series in zip(self.cell.late_gates, late, strict=True):
            seen[gate] = series
        d_products = [self.steps.join(series) for series in d_products]  # G of (T*B, U)
        d_kernel = [
            tf.matmul(self.all_seen(gate, seen[gate]), d_products[gate], transpose_a=True)
            for gate in self.gates
        ]
        gradients = [tf.concat(d_kernel, axis=1)]
        if self.bias is not None:
            gradients.append(tf.concat([tf.reduce_sum(d, axis=0) for d in d_products], axis=0))
        return gradients

    def all_seen(self, gate, series):
        if self.state_masks is None:
            return self.steps.join(series)
        seen = self.masked(gate, self.steps.stack(series))  # (T, B, U)
        return tf.reshape(seen, [-1, seen.shape[-1]])

    def masked(self, gate, hidden):
        """Dropout of a gate's view of the hidden state."""
        return hidden if self.state_masks is None else hidden * self.state_masks[gate]


def hold(kept, new_states, old_states):
    """The old states in the rows where this step is masked; `kept` is empty or one (B, 1)."""
    if not kept:
        return new_states
    return [tf.where(kept[0], new, old) for new, old in zip(new_states, old_states, strict=True)]


def cut(items, *sizes):
    """A list cut into lists of the given sizes, and the rest."""
    parts, start = [], 0
    for size in sizes:
        parts.append(list(items[start : start + size]))
        start += size
    return [*parts, list(items[start:])]
