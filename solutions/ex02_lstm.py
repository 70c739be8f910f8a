"""Unit 2. Long short-term memory.

The state of a simple recurrent network is rewritten at every step, so what it held fades quickly. An
LSTM (Hochreiter and Schmidhuber 1997) adds a second state, the cell state, that is only scaled and
added to. Three gates, numbers between 0 and 1, decide what is forgotten, what is written and what
is shown. You write one step, make a Keras layer of it, and run it over padded sequences.

Letters for shapes: B sequences in a batch, T steps in time, D features of an input, U units of a
state. Arguments are tensors; they may also be NumPy arrays, and they must not be changed in place.
Results have the dtype of the inputs: float16 in, float16 out.
"""

import keras
from keras import ops


def lstm_step(inputs, hidden_state, cell_state, kernel, recurrent_kernel, bias):
    """One step of an LSTM.

        i, f, c, o = split(inputs @ kernel + hidden_state @ recurrent_kernel + bias)
        new_cell_state = sigmoid(f) * cell_state + sigmoid(i) * tanh(c)
        new_hidden_state = sigmoid(o) * tanh(new_cell_state)

    The weights of the input gate i, the forget gate f, the candidate c and the output gate o stand
    side by side in this order, as in Keras: the first U columns belong to i, the next U to f, and so
    on. (PyTorch uses the same order and calls the candidate g.)

    Args:
        inputs: (B, D), what each sequence of the batch shows at this step.
        hidden_state: (B, U), what the step before has shown.
        cell_state: (B, U), what the step before has remembered.
        kernel: (D, 4U), weights of the input.
        recurrent_kernel: (U, 4U), weights of the hidden state.
        bias: (4U,), added to every row.

    Returns:
        `(new_hidden_state, new_cell_state)`, both (B, U).
    """
    # BEGIN SOLUTION
    gates = inputs @ kernel + hidden_state @ recurrent_kernel + bias  # (B, 4U)
    i, f, c, o = ops.split(gates, 4, axis=-1)  # (B, U) each
    cell_state = ops.sigmoid(f) * cell_state + ops.sigmoid(i) * ops.tanh(c)
    hidden_state = ops.sigmoid(o) * ops.tanh(cell_state)
    return hidden_state, cell_state
    # END SOLUTION


class LSTMCell(keras.layers.Layer):
    """An LSTM step that owns its weights, in the form Keras expects of a cell.

    The constructor and `build` are given: the cell has the weights `kernel` (D, 4U),
    `recurrent_kernel` (U, 4U) and `bias` (4U,), in this order. You write the values that the bias
    starts with, and the call.

    Args:
        units: U, the size of the hidden state and of the cell state.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], 4 * self.units),
            initializer="glorot_uniform",
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, 4 * self.units),
            initializer="orthogonal",
        )
        self.bias = self.add_weight(
            name="bias", shape=(4 * self.units,), initializer=self.initial_bias
        )

    def initial_bias(self, shape, dtype=None):
        """The values the bias starts with: one for the forget gate, zero for everything else.

        With a bias of one the forget gate starts at sigmoid(1) = 0.73 where its inputs are near
        zero, so a new cell remembers before it has learned what is worth remembering.

        Args:
            shape: `(4 * self.units,)`, as `add_weight` asks for it.
            dtype: the dtype of the weight, such as `"float32"`.

        Returns:
            A tensor of that shape and dtype, in the gates' order i, f, c, o.
        """
        # BEGIN SOLUTION
        zeros = ops.zeros(self.units, dtype)
        return ops.concatenate([zeros, ops.ones(self.units, dtype), zeros, zeros])  # (4U,)
        # END SOLUTION

    def call(self, inputs, states, training=None):
        """One step with the cell's own weights. The cell itself remembers nothing between calls.

        Args:
            inputs: (B, D).
            states: `[hidden_state, cell_state]`, each (B, U).
            training: not needed by this cell; Keras passes it to every cell.

        Returns:
            `(output, [hidden_state, cell_state])`, each (B, U). The output is the new hidden state.
        """
        # BEGIN SOLUTION
        hidden_state, cell_state = lstm_step(
            inputs, *states, self.kernel, self.recurrent_kernel, self.bias
        )
        return hidden_state, [hidden_state, cell_state]
        # END SOLUTION


def run_lstm(cell, inputs, padding_mask=None):
    """Runs a cell over whole sequences, from the first step to the last.

        output[t], [h[t], c[t]] = cell(inputs[:, t], [h[t - 1], c[t - 1]])
        outputs[:, t] = h[t]

    where h[-1] and c[-1] are zeros, in every call anew.

    Masking: where `padding_mask[b, t]` is False, row b keeps both its states, whatever its input
    says, and its output at that step is the kept hidden state once more. Padding may stand anywhere:
    at the end, at the front, in the middle, or in the whole row.

    A Python loop over the T steps is fine, and so is a loop of TensorFlow or Keras. It has to work
    inside `tf.function` too.

    Args:
        cell: a built `LSTMCell`; `cell.units` is U.
        inputs: (B, T, D).
        padding_mask: Boolean (B, T), True for a real element and False for padding. None means
            that every element is real.

    Returns:
        `(outputs, [hidden_state, cell_state])`: the hidden states after each step, (B, T, U), and
        both states after the last step, each (B, U).
    """
    # BEGIN SOLUTION
    zeros = ops.zeros((ops.shape(inputs)[0], cell.units), cell.compute_dtype)
    states, outputs = [zeros, zeros], []
    for step in range(inputs.shape[1]):
        _, new_states = cell(inputs[:, step], states)
        if padding_mask is not None:
            keep = padding_mask[:, step, None]  # (B, 1)
            new_states = [ops.where(keep, new_states[n], states[n]) for n in range(2)]
        states = new_states
        outputs.append(states[0])
    return ops.stack(outputs, axis=1), states  # (B, T, U), (B, U) each
    # END SOLUTION
