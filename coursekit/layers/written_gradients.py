"""Functions whose gradients are written out: on a CPU in fewer, quicker operations than derived ones.

The results are those of the plain formulas. What is computed once is kept for the gradient, and the
gradient can be differentiated again.
"""

import math

import tensorflow as tf


def affine(inputs, kernel, bias=None):
    """inputs @ kernel + bias, of (M, D), (D, U) and (U,) or None: (M, U)."""

    def by_inputs_and_kernel(inputs, kernel, upstream):
        # As a batch of one: oneDNN's batched product does not mind the transposed factor.
        by_inputs = tf.matmul(upstream[None], kernel[None], transpose_b=True)[0]
        return by_inputs, tf.matmul(inputs, upstream, transpose_a=True)

    @tf.custom_gradient
    def product(inputs, kernel):
        def gradient(upstream):
            return by_inputs_and_kernel(inputs, kernel, upstream)

        return tf.matmul(inputs, kernel), gradient

    @tf.custom_gradient
    def product_and_sum(inputs, kernel, bias):
        def gradient(upstream):
            return *by_inputs_and_kernel(inputs, kernel, upstream), _sum_of_rows(upstream)

        return tf.nn.bias_add(tf.matmul(inputs, kernel), bias), gradient

    return product(inputs, kernel) if bias is None else product_and_sum(inputs, kernel, bias)


@tf.custom_gradient
def gelu(x):
    """x * P(X <= x) for a standard normal X, exactly; the gradient adds x times its density."""
    below = 0.5 + 0.5 * tf.math.erf(x * math.sqrt(0.5))

    def gradient(upstream):
        density = tf.exp(-0.5 * tf.square(x)) * (1 / math.sqrt(2 * math.pi))
        return upstream * (below + x * density)

    return x * below, gradient


def layer_norm(x, gamma, beta, epsilon):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, over the last axis."""

    @tf.custom_gradient
    def norm(x, gamma, beta):
        centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
        inverse = tf.math.rsqrt(variance + epsilon)
        normal = centred * inverse

        def gradient(upstream):
            by_gamma = upstream * normal
            g = upstream * gamma
            mean = tf.reduce_mean(g, axis=-1, keepdims=True)
            along = tf.reduce_mean(g * normal, axis=-1, keepdims=True)
            by_x = inverse * (g - mean - normal * along)
            return by_x, _sum_of_rows(by_gamma), _sum_of_rows(upstream)

        return normal * gamma + beta, gradient

    return norm(x, gamma, beta)


def rms_norm(x, scale, epsilon):
    """x / sqrt(mean of squares + epsilon) * scale, over the last axis."""

    @tf.custom_gradient
    def norm(x, scale):
        squares = tf.reduce_mean(tf.square(x), axis=-1, keepdims=True)
        inverse = tf.math.rsqrt(squares + epsilon)
        normal = x * inverse

        def gradient(upstream):
            g = upstream * scale
            along = tf.reduce_mean(g * normal, axis=-1, keepdims=True)
            return inverse * (g - normal * along), _sum_of_rows(upstream * normal)

        return normal * scale, gradient

    return norm(x, scale)


def _sum_of_rows(x):
    """Over all axes but the last, in float32: a half forgets what is small beside the sum."""
    total = tf.reduce_sum(tf.cast(x, tf.float32), axis=list(range(x.shape.rank - 1)))
    return tf.cast(total, x.dtype)
