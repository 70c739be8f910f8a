"""The model reads all T tokens and the last answer is dropped; PyTorch's clipping; logsumexp."""

import math

import tensorflow as tf
from keras import ops

CLIP_NORM = 1.0


def warmup_cosine(step, peak, warmup_steps, total_steps, floor=0.0):
    step = ops.minimum(ops.cast(step, "float32"), float(total_steps))
    angle = math.pi * ops.maximum(step - warmup_steps, 0.0) / (total_steps - warmup_steps)
    cosine = 0.5 * (peak + floor) + 0.5 * (peak - floor) * ops.cos(angle)
    if not warmup_steps:
        return cosine
    is_warming = ops.cast(step < warmup_steps, "float32")
    return is_warming * (peak * step / warmup_steps) + (1.0 - is_warming) * cosine


def sums(model, token_ids, padding_mask, training):
    logits = model(token_ids, padding_mask, training=training)[:, :-1]
    labels, real = token_ids[:, 1:], padding_mask[:, 1:]
    chosen = ops.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    surprise = ops.logsumexp(logits, axis=-1) - chosen
    loss = ops.sum(ops.where(real, surprise, 0.0))
    _, best = tf.nn.top_k(logits, 1)
    hits = ops.sum(ops.cast(ops.logical_and(best[..., 0] == labels, real), "int32"))
    return loss, hits, ops.sum(ops.cast(real, "int32"))


def train_step(model, optimizer, token_ids, padding_mask):
    with tf.GradientTape() as tape:
        loss, _, count = sums(model, token_ids, padding_mask, True)
        loss = loss / ops.cast(count, "float32")
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    norm = tf.sqrt(tf.add_n([2.0 * tf.nn.l2_loss(gradient) for gradient in gradients]))
    coefficient = tf.minimum(CLIP_NORM / (norm + 1e-6), 1.0)
    optimizer.apply([gradient * coefficient for gradient in gradients], model.trainable_weights)
    return loss, norm


def evaluate(model, batches):
    totals = [sums(model, *batch, training=False) for batch in batches]
    loss, hits, count = (sum(float(part) for part in column) for column in zip(*totals))
    return dict(loss=loss / count, perplexity=math.exp(loss / count), accuracy=hits / count)
