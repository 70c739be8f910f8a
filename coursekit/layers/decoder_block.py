"""One block of a decoder transformer."""

import keras

from coursekit.layers.feed_forward import FeedForward
from coursekit.layers.masked_multi_head_attention import MaskedMultiHeadAttention
from coursekit.layers.rotary_embedding import RotaryEmbedding

NORMS = {"layer": keras.layers.LayerNormalization, "rms": keras.layers.RMSNormalization}


@keras.saving.register_keras_serializable(package="coursekit")
class DecoderBlock(keras.layers.Layer):
    """Attention and a feed-forward layer, each added to what came in.

        x = x + attention(norm(x)); x = x + feed_forward(norm(x))     # normalize_first=True
        x = norm(x + attention(x)); x = norm(x + feed_forward(x))     # normalize_first=False

    Norms come first in GPT-2 and later models, last in the paper and GPT-1. Dropout falls on what
    is added, and on the attention weights.

    Masking: as in `MaskedMultiHeadAttention`. No step sees a later one.

    Args:
        num_heads: int, N.
        intermediate_dim: int, the inner width of the feed-forward layer.
        dropout: float.
        normalize_first: whether norms come before attention and feed-forward layer, or after.
        norm: "layer" or "rms".
        activation: of the feed-forward layer, see `FeedForward`.
        use_bias: whether products have a bias.
        num_key_value_heads: int, K. None: N.
        key_dim: int, H, the width of a head. None: D / N.
        rotary: a `RotaryEmbedding`, or None.
        norm_epsilon: float.
        kernel_initializer: of all kernels.
        output_initializer: of the kernels of the two products that are added to x. None: as
            `kernel_initializer`.
        seed: int or None, of the dropout.
        **kwargs: name, dtype, trainable.

    Call arguments:
        inputs: (B, T, D).
        padding_mask: Boolean (B, T), True for a real token. None: all are real.
        training: whether dropout is on.

    Returns:
        (B, T, D).

    Raises:
        ValueError: `num_heads` does not divide D and there is no `key_dim`, or a name is unknown.

    Example:

    >>> DecoderBlock(num_heads=2, intermediate_dim=16)(keras.ops.ones((2, 5, 4))).shape
    TensorShape([2, 5, 4])

    Reference: Vaswani et al. (2017), https://arxiv.org/abs/1706.03762
    """

    # A subclass may name others, for example a student's.
    attention_class = MaskedMultiHeadAttention
    feed_forward_class = FeedForward

    def __init__(
        self,
        num_heads,
        intermediate_dim,
        dropout=0.0,
        normalize_first=True,
        norm="layer",
        activation="gelu",
        use_bias=True,
        num_key_value_heads=None,
        key_dim=None,
        rotary=None,
        norm_epsilon=1e-5,
        kernel_initializer="glorot_uniform",
        output_initializer=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if num_heads <= 0:
            raise ValueError(f"`num_heads` must be positive. Received: num_heads={num_heads}")
        if norm not in NORMS:
            raise ValueError(f"`norm` must be one of {', '.join(NORMS)}. Received: norm={norm!r}")
        self.num_heads = num_heads
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.normalize_first = normalize_first
        self.norm = norm
        self.activation = activation
        self.use_bias = use_bias
        self.num_key_value_heads = num_key_value_heads
        self.key_dim = key_dim
        self.rotary = RotaryEmbedding.get(rotary)
        self.norm_epsilon = norm_epsilon
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.output_initializer = keras.initializers.get(output_initializer)
        self.seed = seed
        self.supports_masking = True

    def build(self, input_shape):
        width = input_shape[-1]
        if self.key_dim is None and width % self.num_heads:
            raise ValueError(
                "`num_heads` must divide the width of the inputs, unless `key_dim` is given. "
                f"Received: num_heads={self.num_heads}, input_shape={tuple(input_shape)}"
            )
        key_dim = self.key_dim or width // self.num_heads
        own = {"dtype": self.dtype_policy}
        initial = {
            "kernel_initializer": self.kernel_initializer,
            "output_initializer": self.output_initializer,
        }
        # A class from elsewhere knows the arguments of the lecture only; it gets no others unless
        # they are asked for.
        self.attention = self.attention_class(
            self.num_heads,
            key_dim,
            dropout=self.dropout,
            name="attention",
            **own,
            **({} if self.use_bias else {"use_bias": False}),
            **_given(num_key_value_heads=self.num_key_value_heads, rotary=self.rotary),
            **(initial if issubclass(self.attention_class, MaskedMultiHeadAttention) else {}),
            **_given(seed=self.seed),
        )
        self.feed_forward = self.feed_forward_class(
            self.intermediate_dim,
            name="feed_forward",
            **own,
            **({} if self.activation == "gelu" else {"activation": self.activation}),
            **({} if self.use_bias else {"use_bias": False}),
            **(initial if issubclass(self.feed_forward_class, FeedForward) else {}),
        )
        make_norm = NORMS[self.norm]
        self.attention_norm = make_norm(epsilon=self.norm_epsilon, name="attention_norm", **own)
        self.feed_forward_norm = make_norm(
            epsilon=self.norm_epsilon, name="feed_forward_norm", **own
        )
        self.dropout_layer = None
        if self.dropout:
            self.dropout_layer = keras.layers.Dropout(self.dropout, seed=self.seed, **own)
        for layer in (
            self.attention_norm,
            self.attention,
            self.feed_forward_norm,
            self.feed_forward,
        ):
            layer.build(input_shape)

    def call(self, inputs, padding_mask=None, training=None, mask=None):
        padding_mask = mask if padding_mask is None else padding_mask

        def attention(x):
            return self.attention(x, padding_mask=padding_mask, training=training)

        x = self._add(inputs, attention, self.attention_norm, training)
        return self._add(x, self.feed_forward, self.feed_forward_norm, training)

    def call_with_cache(self, inputs, cache, index, key_mask=None):
        """As `MaskedMultiHeadAttention.call_with_cache`: `(outputs, cache)`."""

        def attention(x):
            nonlocal cache
            outputs, cache = self.attention.call_with_cache(x, cache, index, key_mask)
            return outputs

        x = self._add(inputs, attention, self.attention_norm, False)
        x = self._add(x, self.feed_forward, self.feed_forward_norm, False)
        return x, cache

    def _add(self, x, layer, norm, training):
        """Adds what a layer makes of x to x."""
        change = layer(norm(x) if self.normalize_first else x)
        if self.dropout_layer is not None:
            change = self.dropout_layer(change, training=training)
        return x + change if self.normalize_first else norm(x + change)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "intermediate_dim": self.intermediate_dim,
            "dropout": self.dropout,
            "normalize_first": self.normalize_first,
            "norm": self.norm,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "num_key_value_heads": self.num_key_value_heads,
            "key_dim": self.key_dim,
            "rotary": keras.saving.serialize_keras_object(self.rotary),
            "norm_epsilon": self.norm_epsilon,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "output_initializer": keras.initializers.serialize(self.output_initializer),
            "seed": self.seed,
        }


def _given(**arguments):
    return {name: value for name, value in arguments.items() if value is not None}
