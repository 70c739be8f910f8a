"""SimpleRNN over a whole sequence."""

import keras

from coursekit.layers.recurrent_layer import RecurrentLayer
from coursekit.layers.simple_rnn_cell import SimpleRNNCell


@keras.saving.register_keras_serializable(package="coursekit")
class SimpleRNN(RecurrentLayer, keras.layers.SimpleRNN):
    """SimpleRNN over a whole sequence."""

    cell_class = SimpleRNNCell
    cell_name = "simple_rnn_cell"
