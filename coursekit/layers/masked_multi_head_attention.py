"""Self-attention of several heads that may look back and not ahead."""

import keras
import tensorflow as tf

from coursekit.layers.attention import causal_mask, scaled_dot_product_attention
from coursekit.layers.projection import project
from coursekit.layers.rotary_embedding import RotaryEmbedding


@keras.saving.register_keras_serializable(package="coursekit")
class MaskedMultiHeadAttention(keras.layers.Layer):
    """Masked multi-head self-attention.

        query, key, value = split(inputs @ kernel + bias)       # (B, T, N H), 2 x (B, T, K H)
        head[n] = attention(query[n], key[n // (N / K)], value[n // (N / K)], mask)
        outputs = concat(heads) @ output_kernel + output_bias   # (B, T, D)

    One fused product makes the queries, keys and values of all heads: the columns of `kernel`,
    (D, (N + 2 K) H), are the queries head by head, then the keys, then the values. With fewer
    key/value heads than heads (K < N) neighbouring heads share one, and the cache is N / K times
    smaller.

    Masking: True = keep. `padding_mask` hides keys, and by default each step sees no later one. A
    query that sees nothing gives zeros before the output product. Without `padding_mask` a mask
    that Keras attached to the inputs is used, and passed on. The softmax is computed in float32.

    Args:
        num_heads: int, N.
        key_dim: int, H, the width of a head.
        dropout: float. The share of attention weights that training drops.
        use_bias: whether both products have a bias.
        num_key_value_heads: int, K, a divisor of N. None: N.
        rotary: a `RotaryEmbedding` that turns queries and keys, or None.
        kernel_initializer: of both kernels.
        bias_initializer: of both biases.
        output_initializer: of `output_kernel` (N H, D). None: as `kernel_initializer`.
        seed: int or None, of the dropout.
        **kwargs: name, dtype, trainable.

    Call arguments:
        inputs: (B, T, D).
        padding_mask: Boolean (B, T), True for a real token. None: all are real.
        use_causal_mask: whether a step is kept from seeing later ones.
        return_attention_scores: whether to return the weights too.
        training: whether dropout is on.

    Returns:
        (B, T, D); with `return_attention_scores` also the weights, (B, N, T, T).

    Raises:
        ValueError: a size is not positive, `num_key_value_heads` does not divide `num_heads`,
            `dropout` is not in [0, 1), or `key_dim` is odd and there is a rotary embedding.

    Example:

    >>> layer = MaskedMultiHeadAttention(num_heads=4, key_dim=2)
    >>> outputs, scores = layer(keras.ops.ones((2, 5, 8)), return_attention_scores=True)
    >>> outputs.shape, scores.shape
    (TensorShape([2, 5, 8]), TensorShape([2, 4, 5, 5]))

    Reference: Vaswani et al. (2017), https://arxiv.org/abs/1706.03762; grouped heads: Ainslie et
    al. (2023), https://arxiv.org/abs/2305.13245
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        dropout=0.0,
        use_bias=True,
        num_key_value_heads=None,
        rotary=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        output_initializer=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if num_heads <= 0:
            raise ValueError(f"`num_heads` must be positive. Received: num_heads={num_heads}")
        if key_dim <= 0:
            raise ValueError(f"`key_dim` must be positive. Received: key_dim={key_dim}")
        if num_key_value_heads is not None and (
            num_key_value_heads <= 0 or num_heads % num_key_value_heads
        ):
            raise ValueError(
                "`num_key_value_heads` must divide `num_heads`. Received: "
                f"num_heads={num_heads}, num_key_value_heads={num_key_value_heads}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout}")
        rotary = RotaryEmbedding.get(rotary)
        if rotary is not None and key_dim % 2:
            raise ValueError(
                "Rotary positions turn pairs of features, so `key_dim` must be even. "
                f"Received: key_dim={key_dim}"
            )
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = dropout
        self.use_bias = use_bias
        self.num_key_value_heads = num_key_value_heads
        self.rotary = rotary
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.output_initializer = keras.initializers.get(output_initializer)
        self.seed = seed
        self.supports_masking = True
        self.groups = num_key_value_heads or num_heads  # K
        self.dropout_layer = None
        if dropout:
            self.dropout_layer = keras.layers.Dropout(dropout, seed=seed, dtype=self.dtype_policy)

    def build(self, input_shape):
        width = input_shape[-1]
        fused = (self.num_heads + 2 * self.groups) * self.key_dim
        merged = self.num_heads * self.key_dim
        output_initializer = self.output_initializer or self.kernel_initializer
        self.kernel = self._weight("kernel", (width, fused), self.kernel_initializer)
        self.output_kernel = self._weight("output_kernel", (merged, width), output_initializer)
        self.bias = self.output_bias = None
        if self.use_bias:
            self.bias = self._weight("bias", (fused,), self.bias_initializer)
            self.output_bias = self._weight("output_bias", (width,), self.bias_initializer)

    def _weight(self, name, shape, initializer):
        return self.add_weight(name=name, shape=shape, initializer=initializer.clone())

    def call(
        self,
        inputs,
        padding_mask=None,
        use_causal_mask=True,
        return_attention_scores=False,
        training=None,
        mask=None,
    ):
        length = inputs.shape[1] or tf.shape(inputs)[1]
        padding_mask = mask if padding_mask is None else padding_mask
        visible = causal_mask(length, length) if use_causal_mask else None  # (T, T)
        visible = _also_keeping(padding_mask, visible)
        query, key, value = self._query_key_value(inputs, 0)
        outputs, weights = self._attend(query, key, value, visible, training)
        return (outputs, weights) if return_attention_scores else outputs

    def call_with_cache(self, inputs, cache, index, key_mask=None):
        """Attends from steps that stand at positions `index` to `index + T - 1` of a cache.

        Args:
            inputs: (B, T, D), the first steps of a text or one that follows.
            cache: `(keys, values)`, each (B, S, K, H). What lies after the last step is not seen.
            index: int or scalar tensor.
            key_mask: Boolean (B, S), True for keys that may be seen. None: all.

        Returns:
            `(outputs, cache)`: (B, T, D), and the cache with the keys and values of these steps.
        """
        length, size = inputs.shape[1] or tf.shape(inputs)[1], cache[0].shape[1]
        query, key, value = self._query_key_value(inputs, index)
        start = (0, index, 0, 0)
        keys = keras.ops.slice_update(cache[0], start, tf.cast(key, cache[0].dtype))
        values = keras.ops.slice_update(cache[1], start, tf.cast(value, cache[1].dtype))
        last = tf.range(length)[:, None] + index  # (T, 1)
        visible = _also_keeping(key_mask, tf.range(size)[None, :] <= last)
        key, value = tf.cast(keys, query.dtype), tf.cast(values, query.dtype)
        outputs, _ = self._attend(query, key, value, visible, training=False)
        return outputs, (keys, values)

    def _query_key_value(self, inputs, index):
        """Queries (B, T, N, H), keys and values (B, T, K, H), turned by their positions."""
        length = inputs.shape[1] or tf.shape(inputs)[1]
        heads = [self.num_heads, self.groups, self.groups]
        x = project(inputs, self.kernel, self.bias)
        x = tf.reshape(x, (-1, length, sum(heads), self.key_dim))  # (B, T, N + 2 K, H)
        if self.rotary is None:
            return tf.split(x, heads, axis=2)
        x, value = tf.split(x, [heads[0] + heads[1], heads[2]], axis=2)
        query, key = tf.split(self.rotary(x, start_index=index), heads[:2], axis=2)
        return query, key, value

    def _attend(self, query, key, value, visible, training):
        """Outputs (B, T, D) and weights (B, N, T, S)."""
        length = query.shape[1] or tf.shape(query)[1]
        merged = self.num_heads * self.key_dim
        query = tf.reshape(
            query, (-1, length, self.groups, self.num_heads // self.groups, self.key_dim)
        )
        query = tf.transpose(query, (2, 3, 0, 1, 4))  # (K, N / K, B, T, H)
        key = tf.transpose(key, (2, 0, 1, 3))[:, None]  # (K, 1, B, S, H)
        value = tf.transpose(value, (2, 0, 1, 3))[:, None]
        outputs, weights = scaled_dot_product_attention(query, key, value, visible)
        if self.dropout_layer is not None:
            weights = self.dropout_layer(weights, training=training)
            outputs = tf.matmul(weights, value)
        outputs = tf.transpose(outputs, (2, 3, 0, 1, 4))  # (B, T, K, N / K, H)
        outputs = project(tf.reshape(outputs, (-1, merged)), self.output_kernel, self.output_bias)
        outputs = tf.reshape(outputs, (-1, length, outputs.shape[-1]))
        weights = tf.transpose(weights, (2, 0, 1, 3, 4))  # (B, K, N / K, T, S)
        weights = tf.reshape(weights, (-1, self.num_heads, length, tf.shape(weights)[-1]))
        return outputs, weights

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "num_key_value_heads": self.num_key_value_heads,
            "rotary": keras.saving.serialize_keras_object(self.rotary),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "output_initializer": keras.initializers.serialize(self.output_initializer),
            "seed": self.seed,
        }


def _also_keeping(key_mask, visible):
    """Joins a mask of keys (B, S) and one of queries and keys (T, S); each may be None."""
    if key_mask is None:
        return visible
    key_mask = tf.cast(key_mask, tf.bool)[:, None, :]  # (B, 1, S)
    return key_mask if visible is None else key_mask & visible
