"""A product with a kernel, as attention and feed-forward layers need it."""

import tensorflow as tf


def project(inputs, kernel, bias=None):
    """One product of two matrices, whatever the rank of the inputs.

        outputs = inputs @ kernel + bias

    Flat because `tf.matmul` of (B, T, D) and (D, F) is B products and its gradient a sum of B more.

    Args:
        inputs: (..., D).
        kernel: (D, F). It and the bias are cast to the dtype of the inputs.
        bias: (F,) or None.

    Returns:
        (rows, F), a row for each step.
    """
    rows = tf.reshape(inputs, (-1, inputs.shape[-1]))
    outputs = tf.matmul(rows, tf.cast(kernel, rows.dtype))
    return outputs if bias is None else tf.nn.bias_add(outputs, tf.cast(bias, rows.dtype))
