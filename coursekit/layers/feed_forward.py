"""The part of a block that looks at each step alone."""

import keras
import tensorflow as tf

from coursekit.layers.projection import project

ACTIVATIONS = {
    "gelu": lambda x: tf.nn.gelu(x, approximate=False),
    "gelu_approximate": lambda x: tf.nn.gelu(x, approximate=True),
    "relu": tf.nn.relu,
    "silu": tf.nn.silu,
    "swiglu": lambda x: _swiglu(*tf.split(x, 2, axis=-1)),
}


def _swiglu(gate, values):
    return tf.nn.silu(gate) * values


@keras.saving.register_keras_serializable(package="coursekit")
class FeedForward(keras.layers.Layer):
    """Two products with an activation between, applied to each step alone.

        outputs = activation(inputs @ kernel + bias) @ output_kernel + output_bias

    With "swiglu" the first product is twice as wide, and one half gates the other:

        gate, values = split(inputs @ kernel + bias)
        outputs = (silu(gate) * values) @ output_kernel + output_bias

    Masking: a mask passes through; steps do not see each other.

    Args:
        intermediate_dim: int, F, the width after the activation.
        activation: "gelu" (exact, with erf), "gelu_approximate" (with tanh, as GPT-2), "relu",
            "silu" or "swiglu".
        use_bias: whether both products have a bias.
        kernel_initializer: of `kernel` (D, F), or (D, 2F) for "swiglu".
        bias_initializer: of both biases.
        output_initializer: of `output_kernel` (F, D). None: as `kernel_initializer`.
        **kwargs: name, dtype, trainable.

    Call arguments:
        inputs: (B, T, D), or any shape that ends with D.

    Returns:
        The shape of the inputs.

    Raises:
        ValueError: `intermediate_dim` is not positive, or the activation is unknown.

    Example:

    >>> FeedForward(16, activation="swiglu")(keras.ops.ones((2, 3, 4))).shape
    TensorShape([2, 3, 4])

    Reference: Shazeer (2020), GLU variants improve transformer, https://arxiv.org/abs/2002.05202
    """

    def __init__(
        self,
        intermediate_dim,
        activation="gelu",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        output_initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if intermediate_dim <= 0:
            raise ValueError(
                "`intermediate_dim` must be positive. "
                f"Received: intermediate_dim={intermediate_dim}"
            )
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"`activation` must be one of {', '.join(ACTIVATIONS)}. "
                f"Received: activation={activation!r}"
            )
        self.intermediate_dim = intermediate_dim
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.output_initializer = keras.initializers.get(output_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        width = input_shape[-1]
        first_width = self.intermediate_dim * (2 if self.activation == "swiglu" else 1)
        first = self.kernel_initializer
        last = self.output_initializer or first
        self.kernel = self._weight("kernel", (width, first_width), first)
        self.output_kernel = self._weight("output_kernel", (self.intermediate_dim, width), last)
        self.bias = self.output_bias = None
        if self.use_bias:
            self.bias = self._weight("bias", (first_width,), self.bias_initializer)
            self.output_bias = self._weight("output_bias", (width,), self.bias_initializer)

    def _weight(self, name, shape, initializer):
        return self.add_weight(name=name, shape=shape, initializer=initializer.clone())

    def call(self, inputs):
        x = ACTIVATIONS[self.activation](project(inputs, self.kernel, self.bias))  # (B T, F)
        x = project(x, self.output_kernel, self.output_bias)  # (B T, D)
        return tf.reshape(x, tf.shape(inputs) if None in inputs.shape else inputs.shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "output_initializer": keras.initializers.serialize(self.output_initializer),
        }
