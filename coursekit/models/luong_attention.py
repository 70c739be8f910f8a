"""Attention of a decoder over the encoded source."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="coursekit")
class LuongAttention(keras.layers.Layer):
    """Multiplicative attention over a memory (Luong et al. 2015, "general").

    The equation:

        scores = (query @ kernel) @ memory^T                # (B, T, S)
        weights = softmax(where(memory_mask, scores, -inf))
        context = weights @ memory                          # (B, T, U)

    The query is the decoder's output, not its state before the step, so that under teacher forcing
    all queries are known at once and the whole target costs two batched products.

    Masking: masked memory gets weight zero; a row whose memory is masked throughout gets zero
    weights and a zero context. The softmax is computed in float32.

    Call arguments:
        query: (B, T, U).
        memory: (B, S, U).
        memory_mask: Boolean (B, S), True for a real token. None: all are real.
        return_attention_scores: if True, the weights are returned too.

    Returns:
        The context, (B, T, U), and the weights, (B, T, S), if asked for.

    Example:

    >>> attention = LuongAttention()
    >>> attention(ops.ones((2, 3, 4)), ops.ones((2, 5, 4))).shape
    TensorShape([2, 3, 4])

    Reference: Luong, Pham and Manning, "Effective approaches to attention-based neural machine
    translation", 2015.
    """

    def build(self, query_shape, memory_shape, memory_mask_shape=None):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(query_shape[-1], memory_shape[-1]),
            initializer="glorot_uniform",
        )

    def call(self, query, memory, memory_mask=None, return_attention_scores=False):
        projected = ops.matmul(query, self.kernel)  # (B, T, U)
        scores = ops.matmul(projected, ops.transpose(memory, (0, 2, 1)))  # (B, T, S)
        scores = ops.cast(scores, "float32")
        if memory_mask is None:
            weights = ops.softmax(scores)
        else:
            keep = ops.cast(memory_mask, "bool")[:, None, :]  # (B, 1, S)
            weights = ops.softmax(ops.where(keep, scores, -1e30))
            weights = ops.where(keep, weights, 0.0)
        weights = ops.cast(weights, self.compute_dtype)
        context = ops.matmul(weights, memory)  # (B, T, U)
        return (context, weights) if return_attention_scores else context
