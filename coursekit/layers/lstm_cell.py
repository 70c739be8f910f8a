"""One step of a long short-term memory."""

import keras

from coursekit.layers.recurrent_cell import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class LSTMCell(RecurrentCell, keras.layers.LSTMCell):
    """One step of a long short-term memory (LSTM).

        i, f, c, o = inputs @ kernel + hidden @ recurrent_kernel + bias      # four gates (B, U)
        i, f, o = sigmoid(i), sigmoid(f), sigmoid(o)
        cell = f * cell + i * tanh(c)
        hidden = o * tanh(cell)

    The paper has no forget gate f, which came in 2000; as in Keras, its bias starts at one, so that
    the cell remembers until it learns to forget. Weights, their order and their initial values are
    those of `keras.layers.LSTMCell`, so `get_weights` and `set_weights` move between the two:
    kernel (D, 4U), recurrent_kernel (U, 4U), bias (4U,), gates in the order i, f, c, o.

    Masking: a cell sees one step and no mask. `LSTM` and `keras.layers.RNN` skip masked steps.

    Args:
        units: U, the size of the hidden state and of the cell state.
        **kwargs: activation, recurrent_activation, use_bias, unit_forget_bias, dropout,
            recurrent_dropout, seed, and an initializer, a regularizer and a constraint for kernel,
            recurrent kernel and bias, as in `keras.layers.LSTMCell`.

    Call arguments:
        inputs: (B, D).
        states: the hidden state and the cell state, a list of two tensors (B, U).
        training: whether dropout is on.

    Returns:
        The output, which is the new hidden state (B, U), and the list of the new states.

    Raises:
        ValueError: `units` is not a positive integer, or a dropout rate is not in [0, 1].

    Example:

    >>> cell = LSTMCell(4)
    >>> states = cell.get_initial_state(batch_size=2)
    >>> output, states = cell(keras.ops.ones((2, 3)), states)
    >>> output.shape
    TensorShape([2, 4])
    >>> keras.layers.RNN(cell)(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 4])

    Reference:
        Hochreiter and Schmidhuber (1997), Long short-term memory,
        https://doi.org/10.1162/neco.1997.9.8.1735;
        Gers, Schmidhuber and Cummins (2000), Learning to forget,
        https://doi.org/10.1162/089976600300015015
    """

    num_gates = 4

    def step(self, inputs, states, product):
        hidden, cell = states
        i, f, c, o = (share + product(gate, hidden) for gate, share in enumerate(inputs))
        i, f, o = (self.recurrent_activation(gate) for gate in (i, f, o))
        cell = f * cell + i * self.activation(c)
        return [o * self.activation(cell), cell]
