"""tf.* throughout; clip_by_global_norm; apply_gradients; a boolean mask in place of weights."""

import numpy as np
import tensorflow as tf

CLIP_NORM = 1.0


def warmup_cosine(step, peak, warmup_steps, total_steps, floor=0.0):
    step = tf.cast(step, tf.float32)
    done = tf.clip_by_value((step - warmup_steps) / (total_steps - warmup_steps), 0.0, 1.0)
    falling = floor + (peak - floor) * (1.0 + tf.cos(np.pi * done)) / 2.0
    rising = tf.math.divide_no_nan(peak * step, tf.cast(warmup_steps, tf.float32))
    return tf.where(tf.less(step, tf.cast(warmup_steps, tf.float32)), rising, falling)


def _losses(model, token_ids, padding_mask, training):
    logits = model(token_ids[:, :-1], padding_mask=padding_mask[:, :-1], training=training)
    labels = tf.boolean_mask(token_ids[:, 1:], padding_mask[:, 1:])
    logits = tf.boolean_mask(logits, padding_mask[:, 1:])
    return labels, logits, tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def train_step(model, optimizer, token_ids, padding_mask):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        _, _, losses = _losses(model, token_ids, padding_mask, True)
        loss = tf.reduce_mean(losses)
    gradients, norm = tf.clip_by_global_norm(tape.gradient(loss, variables), CLIP_NORM)
    optimizer.apply_gradients(zip(gradients, variables))
    return [loss, norm]


def evaluate(model, batches):
    all_losses, all_hits = [], []
    for token_ids, padding_mask in batches:
        labels, logits, losses = _losses(model, token_ids, padding_mask, False)
        all_losses.append(losses)
        all_hits.append(tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels))
    loss = tf.reduce_mean(tf.concat(all_losses, 0))
    accuracy = tf.reduce_mean(tf.cast(tf.concat(all_hits, 0), tf.float32))
    return {"accuracy": accuracy, "loss": loss, "perplexity": tf.exp(loss)}
