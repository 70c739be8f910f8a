"""LSTM over a whole sequence."""

import keras

from coursekit.layers.lstm_cell import LSTMCell
from coursekit.layers.recurrent_layer import RecurrentLayer


@keras.saving.register_keras_serializable(package="coursekit")
class LSTM(RecurrentLayer, keras.layers.LSTM):
    """LSTM over a whole sequence."""

    cell_class = LSTMCell
    cell_name = "lstm_cell"
