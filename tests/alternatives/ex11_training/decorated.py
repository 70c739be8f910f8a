"""train_step is a tf.function itself; a plain loop over gradients; Python sums of tensors in evaluate."""

import keras
import tensorflow as tf
from keras import ops

from coursekit.objectives import shift_labels

CLIP_NORM = 1.0


def warmup_cosine(step, peak, warmup_steps, total_steps, floor=0.0):
    step = ops.cast(step, "float32")
    remaining = ops.clip((total_steps - step) / (total_steps - warmup_steps), 0.0, 1.0)
    cosine = floor + (peak - floor) * ops.sin(ops.array(3.14159265) * remaining / 2) ** 2
    if warmup_steps > 0:
        cosine = ops.where(step >= warmup_steps, cosine, peak * (step / warmup_steps))
    return cosine


@tf.function
def train_step(model, optimizer, token_ids, padding_mask):
    with tf.GradientTape() as tape:
        inputs, labels, sample_weight = shift_labels(token_ids, padding_mask)
        logits = model(inputs, padding_mask=padding_mask[:, :-1], training=True)
        losses = tf.nn.softmax_cross_entropy_with_logits(tf.one_hot(labels, logits.shape[-1]), logits)
        loss = tf.nn.compute_average_loss(
            tf.reshape(losses * sample_weight, [-1]), global_batch_size=1
        ) / tf.reduce_sum(sample_weight)
    gradients = tape.gradient(loss, model.trainable_variables)
    total = 0.0
    for gradient in gradients:
        total += tf.reduce_sum(gradient * gradient)
    norm = total**0.5
    if norm > CLIP_NORM:
        gradients = [CLIP_NORM * gradient / norm for gradient in gradients]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss, norm


def evaluate(model, batches):
    total, right, count = 0, 0, 0
    for token_ids, padding_mask in batches:
        inputs, labels, sample_weight = shift_labels(token_ids, padding_mask)
        logits = model(inputs, padding_mask=padding_mask[:, :-1], training=False)
        probabilities = ops.log_softmax(logits)
        total -= ops.sum(sample_weight * ops.sum(ops.one_hot(labels, logits.shape[-1]) * probabilities, -1))
        best = ops.max(logits, axis=-1)
        chosen = ops.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
        right += ops.sum(sample_weight * ops.cast(chosen >= best, "float32"))
        count += ops.sum(sample_weight)
    loss = total / count
    return {"loss": loss, "perplexity": ops.exp(loss), "accuracy": right / count}
