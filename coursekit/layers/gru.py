"""A gated recurrent unit over a whole sequence."""

import keras

from coursekit.layers.gru_cell import GRUCell
from coursekit.layers.recurrent_layer import RecurrentLayer


@keras.saving.register_keras_serializable(package="coursekit")
class GRU(RecurrentLayer, keras.layers.GRU):
    """A gated recurrent unit (GRU) over a whole sequence.

        for t in range(T):
            outputs[:, t] = hidden = gru_step(inputs[:, t], hidden)      # the equations of GRUCell

    It is a `keras.layers.GRU`: the same weights, arguments, masks, dropout and results, for less
    time on a CPU; see `LSTM` for how. On a GPU, Keras' cuDNN path runs where cuDNN can do the work,
    which needs `reset_after=True`.

    Masking: at a masked step a row keeps its state and repeats its output; before its first step
    the output is zero. A fully masked row gives zeros and its initial state.

    Args:
        units: U, the size of the state.
        reset_after: whether the reset gate comes after the product with the recurrent kernel, as
            in cuDNN, or before it, as in the paper.
        return_sequences: whether to return the output of every step or of the last one.
        return_state: whether to return the last state too.
        go_backwards: whether to run from the last step to the first. Outputs come in that order.
        stateful: whether the state goes on from one batch to the next.
        unroll: whether to write the steps out, however many there are.
        use_cudnn: "auto", or True to fail where cuDNN cannot run, or False not to use it.
        **kwargs: activity_regularizer, zero_output_for_mask, the arguments of `GRUCell`, and name,
            dtype and trainable.

    Call arguments:
        inputs: (B, T, D).
        mask: Boolean (B, T), True for a step to compute.
        training: whether dropout is on.
        initial_state: the state (B, U), alone or in a list; zeros if it is None.

    Returns:
        The outputs (B, T, U), or the last output (B, U); with `return_state` followed by the last
        state (B, U).

    Raises:
        ValueError: `units` is not a positive integer, a dropout rate is not in [0, 1], or
            `use_cudnn` is True where cuDNN cannot run the layer.

    Example:

    >>> layer = keras.layers.Bidirectional(GRU(4, return_sequences=True))
    >>> layer(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 5, 8])
    >>> GRU(4, reset_after=False)(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 4])

    Reference:
        Cho et al. (2014), Learning phrase representations using RNN encoder-decoder,
        https://arxiv.org/abs/1406.1078
    """

    cell_class = GRUCell
    cell_name = "gru_cell"
