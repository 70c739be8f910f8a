"""One step of a gated recurrent unit, in both reset forms."""

import keras

from coursekit.layers.recurrent_loop import RecurrentCell


@keras.saving.register_keras_serializable(package="coursekit")
class GRUCell(RecurrentCell, keras.layers.GRUCell):
    """One step of a GRU."""

    num_gates = 3

    def input_bias(self):
        return self.bias[0] if self.reset_after else self.bias

    def step(self, projected, states, training=False):
        """The recurrent part: (B, 3U) and [h] to the output h and the new [h]."""
        hidden = states[0]
        units = self.units
        seen = self.recurrent_inputs(hidden, training)
        if self.reset_after:
            recurrent = self.recurrent_product(seen)  # (B, 3U)
            if self.use_bias:
                recurrent = recurrent + self.bias[1]
        else:
            recurrent = self.recurrent_product(seen, last_gate=2)  # (B, 2U)
        z = self.recurrent_activation(projected[:, :units] + recurrent[:, :units])
        r = self.recurrent_activation(
            projected[:, units : 2 * units] + recurrent[:, units : 2 * units]
        )
        if self.reset_after:
            recurrent_h = r * recurrent[:, 2 * units :]
        else:
            reset = [r * h for h in seen] if isinstance(seen, list) else r * seen
            recurrent_h = self.recurrent_product(reset, first_gate=2)
        candidate = self.activation(projected[:, 2 * units :] + recurrent_h)
        hidden = z * hidden + (1 - z) * candidate
        return hidden, [hidden]
