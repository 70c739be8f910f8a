"""The recurrent layers a translator is made of: the reference's own, or any Keras cell in a loop."""

import keras

from coursekit.layers import GRU, LSTM, SimpleRNN

CELLS = {"gru": GRU, "lstm": LSTM, "rnn": SimpleRNN}


def recurrent_layer(cell, units: int, **kwargs) -> keras.layers.RNN:
    """Returns a layer that gives all outputs and the last states.

    Args:
        cell: "gru", "lstm", "rnn", or a callable that takes `units` and returns a Keras cell:
            `call(inputs, states) -> (output, states)`, with `state_size`.
        units: int.
        **kwargs: for the layer: `go_backwards`, `dtype`, `name`.
    """
    kwargs = {"return_sequences": True, "return_state": True, **kwargs}
    if not callable(cell):
        if cell not in CELLS:
            raise ValueError(
                f"`cell` is one of {', '.join(map(repr, CELLS))}, or makes a cell of some units. "
                f"Received: cell={cell!r}"
            )
        return CELLS[cell](units, **kwargs)
    return keras.layers.RNN(cell(units), **kwargs)
