"""log_softmax times one-hot labels; the norm of one long vector; NumPy for the evaluation."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from coursekit.objectives import shift_labels

CLIP_NORM = 1.0


def warmup_cosine(step, peak, warmup_steps, total_steps, floor=0.0):
    if isinstance(step, int):
        if step < warmup_steps:
            return peak * step / warmup_steps
        share = min(step - warmup_steps, total_steps - warmup_steps) / (total_steps - warmup_steps)
        return floor + 0.5 * (peak - floor) * (1 + np.cos(np.pi * share))
    step = ops.cast(step, "float32")
    share = ops.clip((step - warmup_steps) / (total_steps - warmup_steps), 0, 1)
    rate = floor + 0.5 * (peak - floor) * (1 + ops.cos(np.pi * share))
    return rate if warmup_steps == 0 else ops.where(step < warmup_steps, peak * step / warmup_steps, rate)


def token_losses(logits, labels):
    log_probabilities = ops.log_softmax(logits, axis=-1)
    return -ops.sum(ops.one_hot(labels, logits.shape[-1]) * log_probabilities, axis=-1)


def train_step(model, optimizer, token_ids, padding_mask):
    inputs, labels, weight = shift_labels(token_ids, padding_mask)
    count = ops.sum(weight)
    with tf.GradientTape() as tape:
        logits = model(inputs, training=True, padding_mask=padding_mask[:, :-1])
        loss = ops.sum(weight / count * token_losses(logits, labels))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    norm = ops.norm(ops.concatenate([ops.reshape(g, (-1,)) for g in gradients]))
    factor = ops.where(norm > CLIP_NORM, CLIP_NORM / norm, 1.0)
    optimizer.apply_gradients([(g * factor, v) for g, v in zip(gradients, variables)])
    return loss, norm


def evaluate(model, batches):
    losses, hits = np.zeros(0), np.zeros(0)
    for token_ids, padding_mask in batches:
        inputs, labels, _ = shift_labels(token_ids, padding_mask)
        real = np.array(padding_mask)[:, 1:]
        logits = model(inputs, padding_mask=padding_mask[:, :-1], training=False)
        losses = np.append(losses, np.array(token_losses(logits, labels))[real])
        hits = np.append(hits, (np.array(logits).argmax(-1) == np.array(labels))[real])
    return {"loss": losses.mean(), "perplexity": np.exp(losses.mean()), "accuracy": hits.mean()}
