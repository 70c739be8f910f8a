"""One step of a plain recurrent network."""

import keras

from coursekit.layers.recurrent_loop import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class SimpleRNNCell(RecurrentCell, keras.layers.SimpleRNNCell):
    """One step of a plain recurrent network."""

    def step(self, projected, states, training=False):
        """The recurrent part: (B, U) and [h] to the output h and the new [h]."""
        seen = self.recurrent_inputs(states[0], training)
        hidden = self.activation(projected + self.recurrent_product(seen))
        return hidden, [hidden]
