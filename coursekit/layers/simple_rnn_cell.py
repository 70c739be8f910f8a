"""One step of a plain recurrent network."""

import keras

from coursekit.layers.recurrent_cell import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class SimpleRNNCell(RecurrentCell, keras.layers.SimpleRNNCell):
    """One step of a plain recurrent network."""

    def step(self, inputs, states, product):
        return [self.activation(inputs[0] + product(0, states[0]))]
