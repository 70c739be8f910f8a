"""Python ifs, which AutoGraph turns into graph code; Keras losses and metrics; the optimizer clips."""

import math

import keras
import tensorflow as tf

from coursekit.objectives import shift_labels

CLIP_NORM = 1.0


def warmup_cosine(step, peak, warmup_steps, total_steps, floor=0.0):
    step = tf.cast(step, tf.float32)
    if step < warmup_steps:
        rate = step * (peak / warmup_steps)
    elif step > total_steps:
        rate = tf.constant(floor, tf.float32)
    else:
        progress = (step - warmup_steps) / (total_steps - warmup_steps)
        rate = floor + (peak - floor) * tf.cos(progress * math.pi / 2) ** 2
    return rate


def train_step(model, optimizer, token_ids, padding_mask):
    optimizer.global_clipnorm = CLIP_NORM
    inputs, labels, sample_weight = shift_labels(token_ids, padding_mask)
    loss_of = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    with tf.GradientTape() as tape:
        loss = loss_of(labels, model(inputs, padding_mask[:, :-1], training=True), sample_weight)
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply(gradients, model.trainable_weights)
    return loss, tf.linalg.global_norm(gradients)


def evaluate(model, batches):
    loss = keras.metrics.Mean()
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    for token_ids, padding_mask in batches:
        inputs, labels, sample_weight = shift_labels(token_ids, padding_mask)
        logits = model(inputs, padding_mask=padding_mask[:, :-1])
        # Flat, or these metrics would average over the places of a sequence first.
        logits, labels, weight = logits[padding_mask[:, 1:]], labels[padding_mask[:, 1:]], None
        losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        loss.update_state(losses, sample_weight=weight)
        accuracy.update_state(labels, logits, sample_weight=weight)
    mean = float(loss.result())
    return {"loss": mean, "perplexity": math.e**mean, "accuracy": float(accuracy.result())}
