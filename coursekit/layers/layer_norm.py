"""Layer normalisation with a quick gradient."""

import keras
import tensorflow as tf

from coursekit.layers.written_gradients import layer_norm


@keras.saving.register_keras_serializable(package="coursekit")
class LayerNorm(keras.layers.Layer):
    """Gives the numbers of each position mean zero and variance one, then a scale and a shift.

        outputs = (inputs - mean) / sqrt(variance + epsilon) * gamma + beta

    The weights and results are those of `keras.layers.LayerNormalization` over the last axis; a
    training step takes half of its operations. Computed in float32 under any policy.

    Masking: a mask changes nothing and is passed on.

    Args:
        epsilon: added to the variance.

    Call arguments:
        inputs: (..., D).

    Returns:
        (..., D).

    Example:

    >>> LayerNorm()(keras.ops.convert_to_tensor([[1.0, 3.0]])).numpy().round(2)
    array([[-1.,  1.]], dtype=float32)

    Reference:
        Ba et al. (2016), Layer normalization, https://arxiv.org/abs/1607.06450
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.supports_masking = True
        self.autocast = False

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones", autocast=False)
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros", autocast=False)

    def call(self, inputs):
        gamma, beta = (
            tf.cast(tf.convert_to_tensor(w), tf.float32) for w in (self.gamma, self.beta)
        )
        outputs = layer_norm(tf.cast(inputs, tf.float32), gamma, beta, self.epsilon)
        return tf.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
