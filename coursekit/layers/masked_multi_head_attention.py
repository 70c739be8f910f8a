"""Self-attention with several heads, masks, and a cache for one token at a time."""

import math

import keras
import tensorflow as tf

from coursekit.layers.attention import causal_mask, masked_softmax
from coursekit.layers.written_gradients import affine


@keras.saving.register_keras_serializable(package="coursekit")
class MaskedMultiHeadAttention(keras.layers.Layer):
    """Self-attention of a sequence, by N heads at once.

        query, key, value = split(inputs @ kernel + bias)                  # (N, B, T, H) each
        weights = masked_softmax(query @ transpose(key) / sqrt(H), mask)   # (N, B, T, T)
        outputs = merge(weights @ value) @ output_kernel + output_bias

    The three products are one, with the columns of all queries first, then keys, then values, head
    by head. With fewer key and value heads (K < N), each serves N / K query heads in a row.

    Masking: a query sees the keys that are real (`padding_mask`) and, with `use_causal_mask`, not
    later than itself. A query that sees no key gets zeros as its average. Keras' own mask, if the
    inputs carry one, stands in for a `padding_mask` that is not given, and is passed on.

    Args:
        num_heads: N.
        key_dim: H, the width of a head.
        dropout: share of the attention weights that are dropped in training.
        use_bias: whether the products have biases.
        num_key_value_heads: K, a divisor of N; None for N.
        rotary: a `RotaryEmbedding` that turns queries and keys, or None.
        kernel_initializer: of both kernels.

    Call arguments:
        inputs: (B, T, D).
        padding_mask: boolean (B, T), True for a real token; None where every token is real.
        use_causal_mask: whether later tokens are hidden.
        return_attention_scores: whether the weights are returned too.
        training: whether dropout is on.

    Returns:
        (B, T, D), or `(outputs, weights)` with weights (B, N, T, T).

    Raises:
        ValueError: a number is not positive, K does not divide N, or dropout is not in [0, 1).

    Example:

    >>> layer = MaskedMultiHeadAttention(num_heads=2, key_dim=4)
    >>> outputs, weights = layer(keras.ops.ones((1, 3, 8)), return_attention_scores=True)
    >>> outputs.shape, weights.shape
    (TensorShape([1, 3, 8]), TensorShape([1, 2, 3, 3]))

    Reference:
        Vaswani et al. (2017), Attention is all you need, https://arxiv.org/abs/1706.03762;
        Ainslie et al. (2023), GQA, https://arxiv.org/abs/2305.13245
    """

    # A subclass may name a function like `scaled_dot_product_attention` that does the middle part.
    attention_function = None

    def __init__(
        self,
        num_heads,
        key_dim,
        dropout=0.0,
        use_bias=True,
        num_key_value_heads=None,
        rotary=None,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        kv_heads = num_heads if num_key_value_heads is None else num_key_value_heads
        for name, value in (
            ("num_heads", num_heads),
            ("key_dim", key_dim),
            ("num_key_value_heads", kv_heads),
        ):
            if not hasattr(value, "__index__") or value <= 0:
                raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value}")
        if num_heads % kv_heads:
            raise ValueError(
                "`num_key_value_heads` must divide `num_heads`. Received: "
                f"num_key_value_heads={kv_heads}, num_heads={num_heads}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout}")
        if isinstance(rotary, dict):
            rotary = keras.saving.deserialize_keras_object(rotary)
        if rotary is not None and key_dim % 2:
            raise ValueError(f"Rotary positions need an even key_dim. Received: key_dim={key_dim}")
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = dropout
        self.use_bias = use_bias
        self.num_key_value_heads = kv_heads
        self.rotary = rotary
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.supports_masking = True

    def build(self, input_shape):
        hidden_dim = input_shape[-1]
        inner = self.num_heads * self.key_dim
        width = inner + 2 * self.num_key_value_heads * self.key_dim
        self.kernel = self.add_weight(
            name="kernel", shape=(hidden_dim, width), initializer=self._initializer()
        )
        self.output_kernel = self.add_weight(
            name="output_kernel", shape=(inner, hidden_dim), initializer=self._initializer()
        )
        self.bias = self.output_bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(width,), initializer="zeros")
            self.output_bias = self.add_weight(
                name="output_bias", shape=(hidden_dim,), initializer="zeros"
            )

    def call(
        self,
        inputs,
        padding_mask=None,
        use_causal_mask=True,
        return_attention_scores=False,
        training=None,
    ):
        if padding_mask is None:
            padding_mask = getattr(inputs, "_keras_mask", None)
        query, key, value = self.project(inputs)
        length = inputs.shape[1] or tf.shape(inputs)[1]
        mask = causal_mask(length, length) if use_causal_mask else None  # (T, T)
        if padding_mask is not None:
            keys = tf.cast(padding_mask, tf.bool)[:, None, :]  # (B, 1, T)
            mask = keys if mask is None else mask & keys
        no_row_is_empty = padding_mask is None  # a query sees itself
        average, weights = self.attend(query, key, value, mask, no_row_is_empty, training)
        outputs = self.merge(average)
        if return_attention_scores:
            return outputs, tf.transpose(weights, [1, 0, 2, 3])  # (B, N, T, T)
        return outputs

    def initial_cache(self, batch_size, length):
        """Empty keys and values for `length` positions: two zeros of (K, B, S, H)."""
        shape = (self.num_key_value_heads, batch_size, length, self.key_dim)
        return tf.zeros(shape, self.compute_dtype), tf.zeros(shape, self.compute_dtype)

    def call_with_cache(self, inputs, cache, index, key_mask=None):
        """As `call`, for tokens that follow those whose keys and values are in the cache.

        Args:
            inputs: (B, T, D), of the tokens at positions index to index + T - 1.
            cache: from `initial_cache`, or from the call before.
            index: int or scalar tensor.
            key_mask: boolean (B, S), True for positions that may be seen; None for all.

        Returns:
            `(outputs, cache)`: (B, T, D), and the cache with the new keys and values.
        """
        query, key, value = self.project(inputs, index)
        start = (0, 0, index, 0)
        keys = keras.ops.slice_update(cache[0], start, key)
        values = keras.ops.slice_update(cache[1], start, value)
        length, steps = keys.shape[2], inputs.shape[1] or tf.shape(inputs)[1]
        # Position index + t sees itself and what is before it.
        mask = tf.range(length)[None, :] <= index + tf.range(steps)[:, None]  # (T, S)
        if key_mask is not None:
            mask = mask & tf.cast(key_mask, tf.bool)[:, None, :]  # (B, T, S)
        average, _ = self.attend(query, keys, values, mask, no_row_is_empty=key_mask is None)
        return self.merge(average), (keys, values)

    def project(self, inputs, start_index=0):
        """Queries (N, B, T, H), keys and values (K, B, T, H) of (B, T, D)."""
        inputs = tf.cast(inputs, self.compute_dtype)
        flat = tf.reshape(inputs, [-1, inputs.shape[-1]])  # (B*T, D)
        products = affine(flat, self._narrow(self.kernel), self._narrow(self.bias))
        heads = self.num_heads + 2 * self.num_key_value_heads
        batch, length = self._sizes(inputs)
        products = tf.reshape(products, [batch, length, heads, self.key_dim])
        products = tf.transpose(products, [2, 0, 1, 3])  # (N + 2K, B, T, H)
        sizes = [self.num_heads, self.num_key_value_heads, self.num_key_value_heads]
        query, key, value = tf.split(products, sizes)
        if self.rotary is not None:
            angles = self.rotary.angles(query, start_index)
            query, key = self.rotary.turn(query, angles), self.rotary.turn(key, angles)
        return query, key, value

    def attend(self, query, key, value, mask, no_row_is_empty=False, training=None):
        """Averages (N, B, T, H) and weights (N, B, T, S); the mask is (T, S) or (B, T, S)."""
        groups = self.num_heads // self.num_key_value_heads
        if groups > 1:
            key, value = tf.repeat(key, groups, axis=0), tf.repeat(value, groups, axis=0)
        if type(self).attention_function is not None:
            average, weights = type(self).attention_function(query, key, value, mask)
            if not training or not self.dropout:
                return average, weights
        else:
            query = query * tf.cast(1 / math.sqrt(self.key_dim), query.dtype)
            scores = tf.matmul(query, key, transpose_b=True)
            weights = masked_softmax(scores, mask, no_row_is_empty)
        seen = self.dropout_layer(weights, training=training) if self.dropout else weights
        return tf.matmul(seen, value), weights

    def merge(self, average):
        """(N, B, T, H) to the outputs (B, T, D)."""
        average = tf.transpose(average, [1, 2, 0, 3])  # (B, T, N, H)
        batch, length = self._sizes(average)
        flat = tf.reshape(average, [-1, self.num_heads * self.key_dim])  # (B*T, N*H)
        outputs = affine(flat, self._narrow(self.output_kernel), self._narrow(self.output_bias))
        return tf.reshape(outputs, [batch, length, outputs.shape[-1]])

    def _narrow(self, weight):
        """Keras casts weights inside `call` only, and not in `call_with_cache`."""
        if weight is None:
            return None
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)

    @staticmethod
    def _sizes(tensor):
        """B and T, as numbers where they are known."""
        dynamic = tf.shape(tensor)
        return [dynamic[i] if tensor.shape[i] is None else tensor.shape[i] for i in (0, 1)]

    def _initializer(self):
        return keras.initializers.get(keras.initializers.serialize(self.kernel_initializer))

    def compute_output_shape(self, inputs_shape, padding_mask_shape=None):
        return inputs_shape

    def compute_output_spec(self, inputs, *_, return_attention_scores=False, **__):
        outputs = keras.KerasTensor(inputs.shape, self.compute_dtype)
        if not return_attention_scores:
            return outputs
        batch, length, _ = inputs.shape
        shape = (batch, self.num_heads, length, length)
        return outputs, keras.KerasTensor(shape, self.compute_dtype)

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
        }
