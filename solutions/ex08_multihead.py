"""Unit 8. Multi-head attention.

One attention gives each token one weighted sum of values. But a word has several questions at a time:
what is its subject, what does it refer to, what stands beside it? So attention runs in N heads at once,
each with queries, keys and values of its own, made from the same tokens by weights of its own; a last
product mixes what the heads have found. The N heads are not N layers: one product computes the queries
of all of them, and an axis more in the shape does the rest.

The tools of unit 7 are imported: `causal_mask(query_length, key_length)`, Boolean (T, S), and
`scaled_dot_product_attention(query, key, value, mask)`, which takes any number of axes in front and
returns `(output, weights)`.

Letters for shapes: B sequences in a batch, T tokens, D numbers for each token, N heads, H numbers in a
query, a key and a value of one head. N * H is often D, but need not be. In a mask True means "may be
looked at" and False "may not".

Results have the dtype of the inputs, or of the layer's computations in mixed precision. Inside
`tf.function` B and T may be unknown while it is traced, so that only `keras.ops.shape` or `tf.shape`
tell them. The other sizes are known.
"""

import keras
from keras import ops

from coursekit.layers import causal_mask, scaled_dot_product_attention


def split_heads(x, num_heads):
    """Gives each head its part of every token.

        heads[b, n, t, h] = x[b, t, n * H + h]

    The first H numbers of each token belong to the first head, the next H to the second, and so on.
    In the result the heads stand beside the batch, so that attention treats each of them as a
    sequence of its own.

    Args:
        x: (B, T, N * H).
        num_heads: N.

    Returns:
        (B, N, T, H).
    """
    # BEGIN SOLUTION
    batch, length, width = ops.shape(x)
    x = ops.reshape(x, (batch, length, num_heads, width // num_heads))  # (B, T, N, H)
    return ops.transpose(x, (0, 2, 1, 3))  # (B, N, T, H)
    # END SOLUTION


def merge_heads(x):
    """Puts the heads of each token side by side again; undoes `split_heads`.

        merged[b, t, n * H + h] = x[b, n, t, h]

    Args:
        x: (B, N, T, H).

    Returns:
        (B, T, N * H).
    """
    # BEGIN SOLUTION
    batch, num_heads, length, key_dim = ops.shape(x)
    x = ops.transpose(x, (0, 2, 1, 3))  # (B, T, N, H)
    return ops.reshape(x, (batch, length, num_heads * key_dim))  # (B, T, N * H)
    # END SOLUTION


class MaskedMultiHeadAttention(keras.layers.Layer):
    """Self-attention in several heads: queries, keys and values come from the same tokens.

        query = split_heads(inputs @ query_kernel + query_bias)     key and value likewise
        weights = softmax(query · key / sqrt(H)) where the masks allow it     in each head
        outputs = merge_heads(dropout(weights) @ value) @ output_kernel + output_bias

    The constructor and `build` are given: the layer has the weights `query_kernel`, `key_kernel` and
    `value_kernel`, each (D, N * H), with `query_bias`, `key_bias` and `value_bias`, each (N * H,),
    and `output_kernel` (N * H, D) with `output_bias` (D,). With `use_bias=False` there are no biases:
    these four attributes are None. `self.dropout_layer(x, training=training)` is dropout at the
    rate that was asked for: in training it sets some of the numbers to zero and scales up the
    others, and otherwise it returns x. You write the call.

    Args:
        num_heads: N.
        key_dim: H, the size of a query, a key and a value in each head.
        dropout: the rate of dropout of the attention weights, in training.
        use_bias: whether the four products add a bias.
    """

    def __init__(self, num_heads, key_dim, dropout=0.0, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = dropout
        self.use_bias = use_bias
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        hidden_dim, inner_dim = input_shape[-1], self.num_heads * self.key_dim
        self.query_kernel, self.query_bias = self.add_product("query", hidden_dim, inner_dim)
        self.key_kernel, self.key_bias = self.add_product("key", hidden_dim, inner_dim)
        self.value_kernel, self.value_bias = self.add_product("value", hidden_dim, inner_dim)
        self.output_kernel, self.output_bias = self.add_product("output", inner_dim, hidden_dim)

    def add_product(self, name, rows, columns):
        """Creates a kernel and, unless `use_bias` is False, its bias."""
        kernel = self.add_weight(
            name=f"{name}_kernel", shape=(rows, columns), initializer="glorot_uniform"
        )
        if not self.use_bias:
            return kernel, None
        return kernel, self.add_weight(name=f"{name}_bias", shape=(columns,), initializer="zeros")

    def call(
        self,
        inputs,
        padding_mask=None,
        use_causal_mask=True,
        return_attention_scores=False,
        training=None,
    ):
        """Every token looks at the tokens of its sequence that the masks allow, in every head.

        Masks: with `use_causal_mask` a token sees itself and the tokens before it. With a
        `padding_mask` no token sees padding: the mask speaks of the tokens that are looked at, the
        keys. Where both are given, a token sees what both allow. Padding may stand anywhere, or
        fill a whole row. Nobody reads the outputs and the attention scores *of* a padded token, so
        they may be anything, but they must not be NaN or infinite.

        Dropout acts on the attention weights, after the softmax and before they multiply the
        values, and nowhere else.

        Args:
            inputs: (B, T, D).
            padding_mask: Boolean (B, T), True for a real token and False for padding. None means
                that every token is real.
            use_causal_mask: whether the future is hidden.
            return_attention_scores: whether to return the attention weights as well.
            training: whether dropout is on.

        Returns:
            The outputs, (B, T, D). With `return_attention_scores` the pair `(outputs, scores)`: the
            scores, (B, N, T, T), are the weights after the softmax, of each head by itself. In
            training with dropout nobody reads them, so they may be those before or after it.
        """

        # BEGIN SOLUTION
        def product(x, kernel, bias):
            return ops.matmul(x, kernel) if bias is None else ops.matmul(x, kernel) + bias

        query = split_heads(product(inputs, self.query_kernel, self.query_bias), self.num_heads)
        key = split_heads(product(inputs, self.key_kernel, self.key_bias), self.num_heads)
        value = split_heads(product(inputs, self.value_kernel, self.value_bias), self.num_heads)
        mask = None
        if use_causal_mask:
            mask = causal_mask(ops.shape(inputs)[1], ops.shape(inputs)[1])  # (T, T)
        if padding_mask is not None:
            keys = padding_mask[:, None, None, :]  # (B, 1, 1, T)
            mask = keys if mask is None else mask & keys  # (B, 1, T, T)
        _, weights = scaled_dot_product_attention(query, key, value, mask)  # (B, N, T, T)
        dropped = self.dropout_layer(weights, training=training)
        merged = merge_heads(ops.matmul(dropped, value))  # (B, T, N * H)
        outputs = product(merged, self.output_kernel, self.output_bias)  # (B, T, D)
        return (outputs, weights) if return_attention_scores else outputs
        # END SOLUTION
