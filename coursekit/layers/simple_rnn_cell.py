"""One step of a plain recurrent network."""

import keras

from coursekit.layers.recurrent_cell import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class SimpleRNNCell(RecurrentCell, keras.layers.SimpleRNNCell):
    """One step of a plain recurrent network.

        hidden = tanh(inputs @ kernel + hidden @ recurrent_kernel + bias)

    Weights are those of `keras.layers.SimpleRNNCell`: kernel (D, U), recurrent_kernel (U, U), bias
    (U,).

    Masking: a cell sees one step and no mask. `SimpleRNN` and `keras.layers.RNN` skip masked steps.

    Args:
        units: U, the size of the state.
        **kwargs: activation, use_bias, dropout, recurrent_dropout, seed, and an initializer, a
            regularizer and a constraint for kernel, recurrent kernel and bias, as in
            `keras.layers.SimpleRNNCell`.

    Call arguments:
        inputs: (B, D).
        states: the state (B, U), alone or in a list.
        training: whether dropout is on.

    Returns:
        The output, which is the new state (B, U), and the new state, in a list if it came in one.

    Raises:
        ValueError: `units` is not a positive integer, or a dropout rate is not in [0, 1].

    Example:

    >>> cell = SimpleRNNCell(4)
    >>> output, states = cell(keras.ops.ones((2, 3)), cell.get_initial_state(batch_size=2))
    >>> output.shape
    TensorShape([2, 4])

    Reference:
        Elman (1990), Finding structure in time, https://doi.org/10.1207/s15516709cog1402_1
    """

    def step(self, inputs, states, product):
        return [self.activation(inputs[0] + product(0, states[0]))]
