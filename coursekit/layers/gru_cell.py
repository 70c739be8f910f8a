"""One step of a gated recurrent unit, in both reset forms."""

import keras

from coursekit.layers.recurrent_cell import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class GRUCell(RecurrentCell, keras.layers.GRUCell):
    """One step of a gated recurrent unit (GRU).

        z = sigmoid(inputs @ kernel_z + hidden @ recurrent_kernel_z + bias_z)
        r = sigmoid(inputs @ kernel_r + hidden @ recurrent_kernel_r + bias_r)
        candidate = tanh(inputs @ kernel_h + recurrent + bias_h)
        hidden = z * hidden + (1 - z) * candidate

    with `recurrent = (r * hidden) @ recurrent_kernel_h` as in the paper (`reset_after=False`), or
    `recurrent = r * (hidden @ recurrent_kernel_h + recurrent_bias_h)`, which cuDNN computes and
    which is the default here as in Keras (`reset_after=True`). In both, z keeps the old state.

    Weights and their order are those of `keras.layers.GRUCell`, so `get_weights` and `set_weights`
    move between the two: kernel (D, 3U), recurrent_kernel (U, 3U), gates in the order z, r, h; bias
    (3U,), or (2, 3U) with `reset_after=True`: one row for the inputs and one for the state.

    Masking: a cell sees one step and no mask. `GRU` and `keras.layers.RNN` skip masked steps.

    Args:
        units: U, the size of the state.
        reset_after: whether the reset gate comes after the product with the recurrent kernel.
        **kwargs: activation, recurrent_activation, use_bias, dropout, recurrent_dropout, seed, and
            an initializer, a regularizer and a constraint for kernel, recurrent kernel and bias,
            as in `keras.layers.GRUCell`.

    Call arguments:
        inputs: (B, D).
        states: the state (B, U), alone or in a list.
        training: whether dropout is on.

    Returns:
        The output, which is the new state (B, U), and the new state, in a list if it came in one.

    Raises:
        ValueError: `units` is not a positive integer, or a dropout rate is not in [0, 1].

    Example:

    >>> cell = GRUCell(4, reset_after=False)
    >>> states = cell.get_initial_state(batch_size=2)
    >>> output, states = cell(keras.ops.ones((2, 3)), states)
    >>> output.shape, cell.bias.shape
    (TensorShape([2, 4]), TensorShape([12]))

    Reference:
        Cho et al. (2014), Learning phrase representations using RNN encoder-decoder,
        https://arxiv.org/abs/1406.1078
    """

    num_gates = 3

    def __init__(self, units, *, reset_after=True, **kwargs):
        super().__init__(units, reset_after=reset_after, **kwargs)

    @property
    def apart_gates(self):
        return (2,) if self.reset_after else ()

    @property
    def late_gates(self):
        return () if self.reset_after else (2,)

    def step(self, inputs, states, product):
        hidden = states[0]
        z = self.recurrent_activation(inputs[0] + product(0, hidden))
        r = self.recurrent_activation(inputs[1] + product(1, hidden))
        recurrent = r * product(2, hidden) if self.reset_after else product(2, r * hidden)
        candidate = self.activation(inputs[2] + recurrent)
        return [candidate + z * (hidden - candidate)]  # z * hidden + (1 - z) * candidate
