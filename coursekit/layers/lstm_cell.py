"""One step of a long short-term memory."""

import keras

from coursekit.layers.recurrent_loop import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class LSTMCell(RecurrentCell, keras.layers.LSTMCell):
    """One step of an LSTM."""

    num_gates = 4

    def step(self, projected, states, training=False):
        """The recurrent part: (B, 4U) and [h, c] to the output h and the new [h, c]."""
        hidden, cell = states
        hidden = self.recurrent_inputs(hidden, training)
        gates = projected + self.recurrent_product(hidden)  # (B, 4U)
        i, f, c, o = keras.ops.split(gates, 4, axis=-1)
        i, f, o = (self.recurrent_activation(gate) for gate in (i, f, o))
        cell = f * cell + i * self.activation(c)
        hidden = o * self.activation(cell)
        return hidden, [hidden, cell]
