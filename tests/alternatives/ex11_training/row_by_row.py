"""Rows of the batch one after the other; a condition with tf.cond; losses weighted inside Keras."""

import math

import keras
import tensorflow as tf

from coursekit.objectives import shift_labels, token_cross_entropy

CLIP_NORM = 1.0


def warmup_cosine(step, peak, warmup_steps, total_steps, floor=0.0):
    step = tf.convert_to_tensor(step)
    position = tf.cast(step, tf.float64)

    def rising():
        return tf.cast(position / float(warmup_steps or 1) * peak, tf.float32)

    def falling():
        share = tf.minimum(position, total_steps) - warmup_steps
        share = share / float(total_steps - warmup_steps)
        return tf.cast(floor + (peak - floor) * (0.5 + 0.5 * tf.cos(math.pi * share)), tf.float32)

    return tf.cond(position < warmup_steps, rising, falling)


def train_step(model, optimizer, token_ids, padding_mask):
    with tf.GradientTape() as tape:
        loss_sum, count = 0.0, 0.0
        for row in range(token_ids.shape[0]):
            mask = padding_mask[row : row + 1]
            inputs, labels, weight = shift_labels(token_ids[row : row + 1], mask)
            logits = model(inputs, padding_mask=mask[:, :-1], training=True)
            row_loss, row_count = token_cross_entropy(logits, labels, weight)
            loss_sum, count = loss_sum + row_loss, count + row_count
        loss = loss_sum / count
    gradients = tape.gradient(loss, model.trainable_weights)
    norm = tf.linalg.global_norm(gradients)
    gradients = [
        tf.cond(norm > CLIP_NORM, lambda g=g: g / norm * CLIP_NORM, lambda g=g: g) for g in gradients
    ]
    optimizer.apply(gradients, model.trainable_weights)
    return {"loss": loss, "norm": norm}["loss"], norm


def evaluate(model, batches):
    loss_sum, count, right = 0, 0, 0
    for token_ids, padding_mask in batches:
        for ids, mask in zip(token_ids.numpy(), padding_mask.numpy()):
            answers = model(ids[None, :-1], padding_mask=mask[None, :-1], training=False)[0]
            losses = keras.losses.sparse_categorical_crossentropy(ids[1:], answers, from_logits=True)
            for place in range(len(ids) - 1):
                if mask[place + 1]:
                    loss_sum += float(losses[place])
                    right += int(tf.argmax(answers[place])) == ids[place + 1]
                    count += 1
    loss = loss_sum / count
    return {"loss": loss, "perplexity": math.exp(loss), "accuracy": right / count}
