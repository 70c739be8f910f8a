"""A plain recurrent network over a whole sequence."""

import keras

from coursekit.layers.recurrent_layer import RecurrentLayer
from coursekit.layers.simple_rnn_cell import SimpleRNNCell


@keras.saving.register_keras_serializable(package="coursekit")
class SimpleRNN(RecurrentLayer, keras.layers.SimpleRNN):
    """A plain recurrent network over a whole sequence.

        for t in range(T):
            outputs[:, t] = hidden = tanh(inputs[:, t] @ kernel + hidden @ recurrent_kernel + bias)

    It is a `keras.layers.SimpleRNN`: the same weights, arguments, masks, dropout and results, for
    less time on a CPU; see `LSTM` for how. cuDNN is not used.

    Masking: at a masked step a row keeps its state and repeats its output; before its first step
    the output is zero. A fully masked row gives zeros and its initial state.

    Args:
        units: U, the size of the state.
        return_sequences: whether to return the output of every step or of the last one.
        return_state: whether to return the last state too.
        go_backwards: whether to run from the last step to the first. Outputs come in that order.
        stateful: whether the state goes on from one batch to the next.
        unroll: whether to write the steps out, however many there are.
        **kwargs: activity_regularizer, zero_output_for_mask, the arguments of `SimpleRNNCell`, and
            name, dtype and trainable.

    Call arguments:
        inputs: (B, T, D).
        mask: Boolean (B, T), True for a step to compute.
        training: whether dropout is on.
        initial_state: the state (B, U), alone or in a list; zeros if it is None.

    Returns:
        The outputs (B, T, U), or the last output (B, U); with `return_state` followed by the last
        state (B, U).

    Raises:
        ValueError: `units` is not a positive integer or a dropout rate is not in [0, 1].

    Example:

    >>> layer = SimpleRNN(4)
    >>> mask = keras.ops.convert_to_tensor([[True, True, False], [True, True, True]])
    >>> layer(keras.ops.ones((2, 3, 5)), mask=mask).shape
    TensorShape([2, 4])

    Reference:
        Elman (1990), Finding structure in time, https://doi.org/10.1207/s15516709cog1402_1
    """

    cell_class = SimpleRNNCell
    cell_name = "simple_rnn_cell"
