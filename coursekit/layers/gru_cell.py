"""One step of a gated recurrent unit, in both reset forms."""

import keras

from coursekit.layers.recurrent_cell import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class GRUCell(RecurrentCell, keras.layers.GRUCell):
    """One step of a GRU."""

    num_gates = 3

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
        return [z * hidden + (1 - z) * candidate]
