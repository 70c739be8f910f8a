"""Normalisation by the root mean square with a quick gradient."""

import keras
import tensorflow as tf

from coursekit.layers.written_gradients import rms_norm


@keras.saving.register_keras_serializable(package="coursekit")
class RMSNorm(keras.layers.Layer):
    """Gives the numbers of each position a mean square of one, then a scale.

        outputs = inputs / sqrt(mean of squares + epsilon) * scale

    The weight and results are those of `keras.layers.RMSNormalization` over the last axis, which
    loses Keras' mask. Computed in float32 under any policy.

    Masking: a mask changes nothing and is passed on.

    Args:
        epsilon: added to the mean square.

    Call arguments:
        inputs: (..., D).

    Returns:
        (..., D).

    Example:

    >>> RMSNorm()(keras.ops.convert_to_tensor([[1.0, 7.0]])).numpy().round(2)
    array([[0.2, 1.4]], dtype=float32)

    Reference:
        Zhang and Sennrich (2019), Root mean square layer normalization,
        https://arxiv.org/abs/1910.07467
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.supports_masking = True
        self.autocast = False

    def build(self, input_shape):
        self.scale = self.add_weight(
            name="scale", shape=(input_shape[-1],), initializer="ones", autocast=False
        )

    def call(self, inputs):
        scale = tf.cast(tf.convert_to_tensor(self.scale), tf.float32)
        outputs = rms_norm(tf.cast(inputs, tf.float32), scale, self.epsilon)
        return tf.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
