"""A long short-term memory over a whole sequence."""

import keras

from coursekit.layers.lstm_cell import LSTMCell
from coursekit.layers.recurrent_layer import RecurrentLayer


@keras.saving.register_keras_serializable(package="coursekit")
class LSTM(RecurrentLayer, keras.layers.LSTM):
    """A long short-term memory (LSTM) over a whole sequence.

        for t in range(T):
            hidden, cell = lstm_step(inputs[:, t], hidden, cell)      # the equations of LSTMCell
            outputs[:, t] = hidden

    It is a `keras.layers.LSTM`: the same weights, arguments, masks, dropout and results, for less
    time on a CPU. There, the input product is computed once for all steps, the steps are written
    out where their number is known (up to 32), and the gradient of the recurrent kernel is one
    product after the backward loop. On a GPU, Keras' cuDNN path runs where cuDNN can do the work;
    unlike in Keras, a mask that cuDNN does not take (padding on the left or in the middle, a fully
    masked row) is computed by the loop and is not an error.

    Masking: at a masked step a row keeps its states and repeats its output; before its first step
    the output is zero. A fully masked row gives zeros and its initial states.

    Args:
        units: U, the size of the hidden state and of the cell state.
        return_sequences: whether to return the output of every step or of the last one.
        return_state: whether to return the last hidden and cell state too.
        go_backwards: whether to run from the last step to the first. Outputs come in that order.
        stateful: whether the states go on from one batch to the next.
        unroll: whether to write the steps out, however many there are.
        use_cudnn: "auto", or True to fail where cuDNN cannot run, or False not to use it.
        **kwargs: activity_regularizer, zero_output_for_mask, the arguments of `LSTMCell`, and name,
            dtype and trainable.

    Call arguments:
        inputs: (B, T, D).
        mask: Boolean (B, T), True for a step to compute.
        training: whether dropout is on.
        initial_state: list of hidden and cell state, each (B, U); zeros if it is None.

    Returns:
        The outputs (B, T, U), or the last output (B, U); with `return_state` followed by the last
        hidden state and the last cell state, each (B, U).

    Raises:
        ValueError: `units` is not a positive integer, a dropout rate is not in [0, 1], or
            `use_cudnn` is True where cuDNN cannot run the layer.

    Example:

    >>> layer = LSTM(4, return_sequences=True, return_state=True)
    >>> outputs, hidden, cell = layer(keras.ops.ones((2, 5, 3)))
    >>> outputs.shape, hidden.shape, cell.shape
    (TensorShape([2, 5, 4]), TensorShape([2, 4]), TensorShape([2, 4]))
    >>> usual = keras.layers.LSTM(4)
    >>> usual.build((2, 5, 3))
    >>> usual.set_weights(layer.get_weights())

    Reference:
        Hochreiter and Schmidhuber (1997), Long short-term memory,
        https://doi.org/10.1162/neco.1997.9.8.1735
    """

    cell_class = LSTMCell
    cell_name = "lstm_cell"
