"""The network that every position goes through by itself."""

import keras
import tensorflow as tf

from coursekit.layers.written_gradients import affine, gelu

ACTIVATIONS = {
    "gelu": gelu,
    "gelu_approximate": lambda x: tf.nn.gelu(x, approximate=True),
    "relu": tf.nn.relu,
    "silu": tf.nn.silu,
}


@keras.saving.register_keras_serializable(package="coursekit")
class FeedForward(keras.layers.Layer):
    """Two products with an activation between them, position by position.

        outputs = activation(inputs @ kernel_in + bias_in) @ kernel_out + bias_out
        outputs = (silu(inputs @ gate) * (inputs @ up)) @ kernel_out      # "swiglu"

    With "swiglu" kernel_in holds the columns of the gate, then those of `up`, (D, 2F).

    Masking: positions do not see one another, so a mask changes nothing and is passed on.

    Args:
        intermediate_dim: F, the width between the products.
        activation: "gelu", "gelu_approximate" (by tanh, as in GPT-2), "relu", "silu" or "swiglu".
        use_bias: whether the products have biases.
        kernel_initializer: of both kernels.

    Call arguments:
        inputs: (..., D).

    Returns:
        (..., D).

    Raises:
        ValueError: `intermediate_dim` is not a positive integer, or the activation is unknown.

    Example:

    >>> FeedForward(16, activation="swiglu", use_bias=False)(keras.ops.ones((2, 3, 4))).shape
    TensorShape([2, 3, 4])

    Reference:
        Hendrycks and Gimpel (2016), Gaussian error linear units, https://arxiv.org/abs/1606.08415;
        Shazeer (2020), GLU variants improve transformer, https://arxiv.org/abs/2002.05202
    """

    def __init__(
        self,
        intermediate_dim,
        activation="gelu",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not hasattr(intermediate_dim, "__index__") or intermediate_dim <= 0:
            raise ValueError(
                "`intermediate_dim` must be a positive integer. "
                f"Received: intermediate_dim={intermediate_dim}"
            )
        if activation != "swiglu" and activation not in ACTIVATIONS:
            raise ValueError(
                f"`activation` is one of {', '.join([*ACTIVATIONS, 'swiglu'])}. "
                f"Received: activation={activation}"
            )
        self.intermediate_dim = intermediate_dim
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        hidden_dim = input_shape[-1]
        width = self.intermediate_dim * (2 if self.activation == "swiglu" else 1)
        self.kernel_in = self._weight("kernel_in", (hidden_dim, width))
        self.bias_in = self._bias("bias_in", width)
        self.kernel_out = self._weight("kernel_out", (self.intermediate_dim, hidden_dim))
        self.bias_out = self._bias("bias_out", hidden_dim)

    def call(self, inputs):
        inputs = tf.cast(inputs, self.compute_dtype)
        flat = tf.reshape(inputs, [-1, inputs.shape[-1]])  # (B*T, D)
        between = affine(flat, *map(_tensor, (self.kernel_in, self.bias_in)))  # (B*T, F)
        if self.activation == "swiglu":
            gate, up = tf.split(between, 2, axis=-1)
            between = tf.nn.silu(gate) * up
        else:
            between = ACTIVATIONS[self.activation](between)
        outputs = affine(between, *map(_tensor, (self.kernel_out, self.bias_out)))
        return tf.ensure_shape(tf.reshape(outputs, tf.shape(inputs)), inputs.shape)

    def _weight(self, name, shape):
        initializer = keras.initializers.get(keras.initializers.serialize(self.kernel_initializer))
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def _bias(self, name, width):
        if not self.use_bias:
            return None
        return self.add_weight(name=name, shape=(width,), initializer="zeros")

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _tensor(weight):
    return None if weight is None else tf.convert_to_tensor(weight)
