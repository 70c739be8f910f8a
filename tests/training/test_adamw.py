"""One update for all weights: equal to Keras' AdamW, cut to a norm, matrices only decay."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.training.adamw import AdamW, is_matrix


def weights():
    rng = np.random.default_rng(0)
    shapes = {"kernel": (3, 4), "gain": (4,), "attention_bias": (2, 2), "table": (5, 3)}
    return [
        keras.Variable(rng.normal(size=shape).astype("float32"), name=name)
        for name, shape in shapes.items()
    ]


def gradients(step):
    rng = np.random.default_rng(step + 1)
    return [tf.constant(rng.normal(size=w.shape).astype("float32")) for w in weights()]


def test_matrices_decay_and_nothing_else():
    assert [is_matrix(weight) for weight in weights()] == [True, False, False, True]
    for decay in (0.0, 0.5):
        own = weights()
        optimizer = AdamW(own, weight_decay=decay)
        optimizer.apply([tf.zeros(w.shape) for w in own], tf.constant(1.0), 0.1)
        for before, after in zip(weights(), own, strict=True):
            kept = 1 - 0.1 * decay * is_matrix(before)
            np.testing.assert_allclose(after, kept * np.array(before), rtol=1e-6)


@pytest.mark.parametrize("clip_norm", [1e9, 0.7])
def test_equals_keras(clip_norm):
    own, theirs = weights(), weights()
    optimizer = AdamW(own, beta_2=0.95, weight_decay=0.1, clip_norm=clip_norm)
    keras_optimizer = keras.optimizers.AdamW(0.01, beta_2=0.95, weight_decay=0.1, epsilon=1e-8)
    keras_optimizer.exclude_from_weight_decay(var_list=[v for v in theirs if not is_matrix(v)])
    step = tf.function(optimizer.apply, autograph=False)
    for number in range(6):
        rate = 0.01 / (number + 1)
        norm = step(
            [3.0 * g for g in gradients(number)], tf.constant(3.0), tf.constant(rate, tf.float32)
        )
        clipped, expected = tf.clip_by_global_norm(gradients(number), clip_norm)
        keras_optimizer.learning_rate.assign(rate)
        keras_optimizer.apply(clipped, theirs)
        assert float(norm) == pytest.approx(float(expected), rel=1e-5)
    for one, other in zip(own, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-6)


def test_a_step_without_a_finite_gradient_is_left_out():
    own = weights()
    optimizer = AdamW(own, first_scale=1024.0)
    scale = float(optimizer.loss_scale)
    step = tf.function(optimizer.apply, autograph=False)
    bad = [g * np.inf if i == 1 else g for i, g in enumerate(gradients(0))]
    step(bad, tf.constant(1.0), tf.constant(0.1))
    assert float(optimizer.loss_scale) == scale / 2
    for before, after in zip(weights(), own, strict=True):
        np.testing.assert_array_equal(before, after)
    plain = weights()
    AdamW(plain).apply(gradients(0), tf.constant(1.0), 0.1)
    step([g * scale / 2 for g in gradients(0)], tf.constant(1.0), tf.constant(0.1))
    assert float(optimizer.count) == 1
    for one, other in zip(own, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
