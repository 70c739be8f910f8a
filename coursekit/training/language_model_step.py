"""Steps of training a language model, compiled: batches, gradients and updates in one graph."""

import tensorflow as tf

from coursekit.objectives import shift_labels, token_cross_entropy

_NUMBER = tf.TensorSpec([], tf.int32)
_RATES = tf.TensorSpec([None], tf.float32)


def compiled_steps(
    model,
    optimizer,
    batches,
    accumulation=1,
    steps_per_call=1,
    strategy=None,
    make_labels=shift_labels,
    mean_loss=None,
):
    """Returns `steps(first, rates) -> (loss_sum, count, norms)`, a step for each rate.

    A step's gradient is that of the mean loss of a real token over all its batches: sums of losses
    are differentiated, added up over batches and devices, and divided once.

    Args:
        model: built, from ids to logits.
        optimizer: `AdamW` of its trainable variables.
        batches: `batch(number) -> (token_ids (B, T + 1), counts (B, T + 1) or None)`.
        accumulation: int. Batches in a step.
        steps_per_call: int. With 1, no loop stands around the step.
        strategy: of `tf.distribute`, or None. Its devices share each batch.
        make_labels: takes the place of `shift_labels`.
        mean_loss: `(logits, labels, sample_weight) -> mean loss`, in the place of the reference's.
    """
    variables = model.trainable_variables

    def losses(inputs, labels, weight):
        logits = model(inputs, training=True)
        if mean_loss is None:
            return token_cross_entropy(logits, labels, weight)
        count = tf.reduce_sum(tf.cast(weight, tf.float32))
        return tf.cast(mean_loss(logits, labels, weight), tf.float32) * count, count

    def gradients_of(number):
        """Of the scaled sum of losses of one batch, with the sum itself and its count."""
        token_ids, counts = batches.batch(number)
        token_ids, counts = _share_of_device(strategy, token_ids, counts)
        if counts is None:
            counts = tf.ones_like(token_ids, tf.bool)
        inputs, labels, weight = make_labels(token_ids, counts)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            loss, count = losses(inputs, labels, weight)
            scaled = loss * optimizer.loss_scale
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        # Dense, for the norm of a sum of slices is not the norm of the slices.
        return [tf.convert_to_tensor(g) for g in gradients], loss, count

    def one_step(step, rate):
        if accumulation == 1:
            gradients, loss, count = gradients_of(step)
        else:

            def add(i, *sums):
                found = tf.nest.flatten(gradients_of(step * accumulation + i))
                return i + 1, *(a + b for a, b in zip(sums, found, strict=True))

            zeros = [tf.zeros(v.shape) for v in variables] + [tf.zeros([]), tf.zeros([])]
            _, *gradients, loss, count = tf.while_loop(
                lambda i, *_: i < accumulation, add, (0, *zeros), parallel_iterations=1
            )
        norm = optimizer.apply(gradients, count, rate)
        return loss, count, norm

    def step_everywhere(step, rate):
        if strategy is None:
            return one_step(step, rate)
        loss, count, norm = strategy.run(one_step, args=(step, rate))
        total = tf.distribute.ReduceOp.SUM
        loss, count = (strategy.reduce(total, value, axis=None) for value in (loss, count))
        return loss, count, strategy.reduce(tf.distribute.ReduceOp.MEAN, norm, axis=None)

    return _several(step_everywhere, steps_per_call)


def compiled_own_steps(model, optimizer, batches, train_step, steps_per_call=1):
    """Returns the same as `compiled_steps`, each step made by a student's `train_step`.

    Args:
        model: built, from ids to logits.
        optimizer: of Keras, built.
        batches: `batch(number) -> (token_ids (B, T + 1), None)`.
        train_step: `(model, optimizer, token_ids, padding_mask) -> (loss, gradient_norm)`.
        steps_per_call: int.
    """

    def step(number, rate):
        token_ids, _ = batches.batch(number)
        optimizer.learning_rate.assign(rate)
        mask = tf.ones_like(token_ids, tf.bool)
        loss, norm = train_step(model, optimizer, token_ids, mask)
        count = tf.cast(tf.size(token_ids[:, 1:]), tf.float32)
        return tf.cast(loss, tf.float32) * count, count, tf.cast(norm, tf.float32)

    return _several(step, steps_per_call)


def _several(one_step, steps_per_call):
    """`(first, rates) -> sums` of a `(step, rate) -> values`."""

    @tf.function(input_signature=[_NUMBER, _RATES], autograph=False)
    def steps(first, rates):
        if steps_per_call == 1:
            return one_step(first, rates[0])

        def body(i, *sums):
            found = one_step(first + i, rates[i])
            return i + 1, *(a + b for a, b in zip(sums, found, strict=True))

        zero = tf.zeros([])
        loop = tf.while_loop(
            lambda i, *_: i < tf.size(rates), body, (0, zero, zero, zero), parallel_iterations=1
        )
        return loop[1:]

    return steps


def _share_of_device(strategy, token_ids, counts):
    """The rows of a batch that this device works on."""
    if strategy is None:
        return token_ids, counts
    rank = tf.distribute.get_replica_context().replica_id_in_sync_group
    replicas = strategy.num_replicas_in_sync
    rows = token_ids.shape[0] or tf.shape(token_ids)[0]
    size = -(-rows // replicas)
    first = rank * size
    share = [None if part is None else part[first : first + size] for part in (token_ids, counts)]
    return share[0], share[1]
