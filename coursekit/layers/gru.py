"""GRU over a whole sequence."""

import keras

from coursekit.layers.gru_cell import GRUCell
from coursekit.layers.recurrent_layer import RecurrentLayer


@keras.saving.register_keras_serializable(package="coursekit")
class GRU(RecurrentLayer, keras.layers.GRU):
    """GRU over a whole sequence."""

    cell_class = GRUCell
    cell_name = "gru_cell"
