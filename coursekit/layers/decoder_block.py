"""Masked self-attention and a feed-forward network, each with a residual connection and a norm."""

import keras

from coursekit.layers.feed_forward import FeedForward
from coursekit.layers.layer_norm import LayerNorm
from coursekit.layers.masked_multi_head_attention import MaskedMultiHeadAttention
from coursekit.layers.rms_norm import RMSNorm

NORMS = {"layer": LayerNorm, "rms": RMSNorm}


@keras.saving.register_keras_serializable(package="coursekit")
class DecoderBlock(keras.layers.Layer):
    """One block of a decoder transformer.

        x = inputs + dropout(attention(attention_norm(inputs)))            # normalize_first
        outputs = x + dropout(feed_forward(feed_forward_norm(x)))

        x = attention_norm(inputs + dropout(attention(inputs)))            # as first published
        outputs = feed_forward_norm(x + dropout(feed_forward(x)))

    Masking: as in `MaskedMultiHeadAttention`, with the causal mask always on.

    Args:
        num_heads: N.
        intermediate_dim: F, of the feed-forward network.
        dropout: share of a sub-layer's result that is dropped in training.
        normalize_first: whether a norm stands before each sub-layer or after each sum.
        norm: "layer" or "rms".
        activation: see `FeedForward`.
        use_bias: whether products have biases.
        num_key_value_heads: see `MaskedMultiHeadAttention`.
        key_dim: H; None for D / N.
        rotary: a `RotaryEmbedding` or None.
        norm_epsilon: added to the variance.

    Call arguments:
        inputs: (B, T, D).
        padding_mask: boolean (B, T), True for a real token; None where every token is real.
        training: whether dropout is on.

    Returns:
        (B, T, D).

    Raises:
        ValueError: N does not divide D and no `key_dim` is given, an unknown norm, dropout that is
            not in [0, 1), or whatever a part refuses.

    Example:

    >>> DecoderBlock(num_heads=2, intermediate_dim=16)(keras.ops.ones((1, 3, 8))).shape
    TensorShape([1, 3, 8])

    Reference:
        Vaswani et al. (2017), Attention is all you need, https://arxiv.org/abs/1706.03762;
        Xiong et al. (2020), On layer normalization in the transformer architecture,
        https://arxiv.org/abs/2002.04745
    """

    # A subclass may name others: they take the arguments that unit 8 and 9 give them.
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
        **kwargs,
    ):
        super().__init__(**kwargs)
        if norm not in NORMS:
            raise ValueError(f'`norm` is "layer" or "rms". Received: norm={norm}')
        if not hasattr(num_heads, "__index__") or num_heads <= 0:
            raise ValueError(
                f"`num_heads` must be a positive integer. Received: num_heads={num_heads}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout}")
        if isinstance(rotary, dict):
            rotary = keras.saving.deserialize_keras_object(rotary)
        self.num_heads = num_heads
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.normalize_first = normalize_first
        self.norm = norm
        self.activation = activation
        self.use_bias = use_bias
        self.num_key_value_heads = num_key_value_heads
        self.key_dim = key_dim
        self.rotary = rotary
        self.norm_epsilon = norm_epsilon
        self.attention_norm = self._norm("attention_norm")
        self.feed_forward_norm = self._norm("feed_forward_norm")
        self.feed_forward = self.feed_forward_class(
            intermediate_dim,
            **_unusual(activation=(activation, "gelu"), use_bias=(use_bias, True)),
            dtype=self.dtype_policy,
            name="feed_forward",
        )
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.supports_masking = True

    def build(self, input_shape):
        hidden_dim = input_shape[-1]
        if self.key_dim is None and hidden_dim % self.num_heads:
            raise ValueError(
                "`num_heads` must divide the width of the inputs. Received: "
                f"num_heads={self.num_heads}, a width of {hidden_dim}"
            )
        self.attention = self.attention_class(
            self.num_heads,
            self.key_dim or hidden_dim // self.num_heads,
            **_unusual(
                use_bias=(self.use_bias, True),
                num_key_value_heads=(self.num_key_value_heads, None),
                rotary=(self.rotary, None),
            ),
            dtype=self.dtype_policy,
            name="attention",
        )
        for part in (
            self.attention_norm,
            self.attention,
            self.feed_forward_norm,
            self.feed_forward,
        ):
            part.build(input_shape)

    def call(self, inputs, padding_mask=None, training=None):
        def attention(x):
            return self.attention(x, padding_mask=padding_mask, training=training)

        return self.around(inputs, attention, training)

    def call_with_cache(self, inputs, cache, index, key_mask=None):
        """As `MaskedMultiHeadAttention.call_with_cache`: `(outputs, cache)`."""
        caches = []

        def attention(x):
            average, new = self.attention.call_with_cache(x, cache, index, key_mask)
            caches.append(new)
            return average

        return self.around(inputs, attention), caches[0]

    def around(self, inputs, attention, training=None):
        """The equation, for any form of the attention."""

        def drop(x):
            return self.dropout_layer(x, training=training) if self.dropout else x

        if self.normalize_first:
            x = inputs + drop(attention(self.attention_norm(inputs)))
            return x + drop(self.feed_forward(self.feed_forward_norm(x)))
        x = self.attention_norm(inputs + drop(attention(inputs)))
        return self.feed_forward_norm(x + drop(self.feed_forward(x)))

    def _norm(self, name):
        return NORMS[self.norm](self.norm_epsilon, dtype=self.dtype_policy, name=name)

    def compute_output_shape(self, inputs_shape, padding_mask_shape=None):
        return inputs_shape

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
        }


def _unusual(**arguments):
    """Of `name=(value, default)` those that differ: a student's class takes no others."""
    return {name: value for name, (value, default) in arguments.items() if value != default}
