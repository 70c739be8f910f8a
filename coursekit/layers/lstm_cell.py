"""One step of a long short-term memory."""

import keras

from coursekit.layers.recurrent_cell import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class LSTMCell(RecurrentCell, keras.layers.LSTMCell):
    """One step of an LSTM."""

    num_gates = 4

    def step(self, inputs, states, product):
        hidden, cell = states
        i, f, c, o = (share + product(gate, hidden) for gate, share in enumerate(inputs))
        i, f, o = (self.recurrent_activation(gate) for gate in (i, f, o))
        cell = f * cell + i * self.activation(c)
        return [o * self.activation(cell), cell]
