"""A Keras cell around a function that does the step."""

import keras


class RecurrenceCell(keras.layers.Layer):
    """A cell that owns the weights of `SimpleRNNCell` and leaves the step to a function.

    Args:
        units: int.
        step: `(inputs, state, kernel, recurrent_kernel, bias) -> state`.
    """

    def __init__(self, units, step, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units
        self.rnn_step = step

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], self.units), initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units, self.units), initializer="orthogonal"
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, inputs, states):
        weights = (self.kernel, self.recurrent_kernel, self.bias)
        state = self.rnn_step(inputs, states[0], *map(keras.ops.convert_to_tensor, weights))
        return state, [state]
