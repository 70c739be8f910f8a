"""AdamW over all weights of a model, as few operations as possible."""

import math

import tensorflow as tf

_STEPS_BETWEEN_RISES = 2000.0


class AdamW:
    """Adam with decoupled weight decay of matrices, and a gradient cut to a global norm.

    The equation, for all weights w at once, t from 1:

        norm = sqrt(sum of g^2);  g = g * min(1, clip_norm / norm)
        mean = beta_1 * mean + (1 - beta_1) * g;  square = beta_2 * square + (1 - beta_2) * g^2
        w = w - rate * (mean / (1 - beta_1^t)) / (sqrt(square / (1 - beta_2^t)) + epsilon)
        w = w - rate * weight_decay * w, of matrices: two axes or more, and no bias

    Keras' AdamW takes a dozen operations for every weight; here mean and square are one vector
    each. A step whose gradient is not finite is left out while a loss scale is in use.

    Args:
        weights: the trainable variables of a model.
        beta_1: float.
        beta_2: float.
        epsilon: float.
        weight_decay: float.
        clip_norm: float.
        first_scale: float. What the loss is multiplied with at first, as float16 needs it, whose
            gradients underflow otherwise: halved at each overflow, doubled after 2,000 good steps.
            None: nothing is scaled.

    Reference: Loshchilov and Hutter, 2019.
    """

    def __init__(
        self,
        weights,
        beta_1=0.9,
        beta_2=0.99,
        epsilon=1e-8,
        weight_decay=0.1,
        clip_norm=1.0,
        first_scale=None,
    ):
        self.weights = [getattr(weight, "value", weight) for weight in weights]
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.weight_decay, self.clip_norm = weight_decay, clip_norm
        self.decayed = [is_matrix(weight) for weight in weights]
        self.sizes = [math.prod(weight.shape) for weight in weights]
        total = sum(self.sizes)
        self.mean = _variable(tf.zeros([total]), "mean")
        self.square = _variable(tf.zeros([total]), "square")
        # The steps made; with a loss scale also the scale and the steps since it changed.
        self.count = _variable(tf.zeros([]), "count")
        self.scale = None
        self.variables = [self.mean, self.square, self.count]
        if first_scale is not None:
            self.scale = _variable(tf.constant([first_scale, 0.0]), "scale")
            self.variables.append(self.scale)

    @property
    def loss_scale(self):
        """What the loss has to be multiplied with before its gradient is taken."""
        return 1.0 if self.scale is None else self.scale[0]

    def apply(self, gradients, total_weight, rate):
        """Makes one step.

        Args:
            gradients: of the scaled sum of losses, one for each weight.
            total_weight: what the sum is to be divided by: the number of tokens that count.
            rate: the learning rate.

        Returns:
            The global norm of the mean loss's gradient, before the cut.
        """
        flat = tf.concat([tf.reshape(tf.cast(g, tf.float32), [-1]) for g in gradients], axis=0)
        shared = tf.distribute.has_strategy()
        if shared:
            context = tf.distribute.get_replica_context()
            total = tf.distribute.ReduceOp.SUM
            flat, total_weight = context.all_reduce(total, [flat, total_weight])
        divisor = tf.maximum(total_weight, 1.0) * self.loss_scale
        norm = tf.norm(flat) / divisor
        gradient = flat * (tf.minimum(1.0, self.clip_norm / tf.maximum(norm, 1e-12)) / divisor)
        state = self.square, self.count, self.scale, gradient, norm, rate, *self.weights
        if not shared:
            self._step(self.mean, *state)
            return norm

        def update(strategy, *state):
            return strategy.extended.update(self.mean, self._step, args=state)

        context.merge_call(update, args=state)
        return norm

    def _step(self, mean, square, count, scale, gradient, norm, rate, *weights):
        """On one device."""
        if scale is None:
            self._update(mean, square, count, gradient, rate, weights)
            return
        finite = tf.math.is_finite(norm)
        tf.cond(
            finite,
            lambda: self._update(mean, square, count, gradient, rate, weights),
            lambda: tf.constant(False),
        )
        rises = scale[1] + 1 >= _STEPS_BETWEEN_RISES
        after_good = tf.where(rises, [scale[0] * 2, 0.0], [scale[0], scale[1] + 1])
        scale.assign(tf.where(finite, after_good, [scale[0] / 2, 0.0]), read_value=False)

    def _update(self, mean, square, count, gradient, rate, weights):
        step = count.assign_add(1.0, read_value=True)
        new_mean = self.beta_1 * mean + (1 - self.beta_1) * gradient
        new_square = self.beta_2 * square + (1 - self.beta_2) * tf.square(gradient)
        mean.assign(new_mean, read_value=False)
        square.assign(new_square, read_value=False)
        correction = tf.sqrt(1 - self.beta_2**step)
        change = (
            (rate * correction / (1 - self.beta_1**step))
            * new_mean
            / (tf.sqrt(new_square) + self.epsilon * correction)
        )
        parts = tf.split(change, self.sizes)
        for weight, part, decayed in zip(weights, parts, self.decayed, strict=True):
            step_of_weight = tf.reshape(part, weight.shape)
            if decayed and self.weight_decay:
                step_of_weight += rate * self.weight_decay * weight
            weight.assign_sub(step_of_weight, read_value=False)
        return tf.constant(True)


def is_matrix(weight) -> bool:
    """Whether a weight decays: biases, gains and the like do not."""
    return len(weight.shape) > 1 and "bias" not in weight.name


def _variable(value, name):
    return tf.Variable(value, trainable=False, name=f"adamw_{name}")
