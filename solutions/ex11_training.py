"""Unit 11. Training a language model.

The model is a function with many parameters, the loss says how surprised it is by real text. Training
is one step, repeated: read a batch, compute the gradient of the loss, move the parameters a little
against it. You write the three things around it that decide whether this goes well: how large the
step is (the learning rate warms up, then falls along a cosine), what happens when a gradient is huge
(it is shortened, not turned), and how the model is measured on text it has not seen.

Letters for shapes: B sequences in a batch, T tokens in a sequence, V tokens in the vocabulary. Token
ids are int32. In a mask True means a real token and False padding, which may stand anywhere.

`shift_labels(token_ids, padding_mask)`, as in unit 5, is given: it returns `(inputs, labels,
sample_weight)`, each (B, T - 1). The model reads the inputs and should answer at each place with
the label; the weight is one where the label is a real token and zero where it is padding.

A model is called as `model(inputs, padding_mask=..., training=...)`, where the mask belongs to the
inputs, so it is `padding_mask[:, :-1]`. It returns logits, (B, T - 1, V), numbers of any size: no
softmax has been applied. Logits of 1000 and more must not give infinity or NaN in the loss.
"""

import math

import tensorflow as tf
from keras import ops

from coursekit.objectives import shift_labels

CLIP_NORM = 1.0


def warmup_cosine(step, peak, warmup_steps, total_steps, floor=0.0):
    """The learning rate of one step: up along a line, then down along half a cosine.

        step < warmup_steps:   peak * step / warmup_steps
        after that:            floor + (peak - floor) * (1 + cos(pi * progress)) / 2
                               progress = (step - warmup_steps) / (total_steps - warmup_steps)
        step > total_steps:    floor

    So it is 0 at step 0, exactly `peak` at `warmup_steps` and exactly `floor` at `total_steps`, where
    it stays. The floor belongs to the cosine alone; the line starts from 0. Without warm-up
    (`warmup_steps` 0) step 0 has the rate `peak`.

    Args:
        step: how many steps have been made, from 0: a Python int, or a scalar integer tensor as
            `optimizer.iterations` is. With a tensor it has to work inside `tf.function` too, where
            its value is not known yet: `ops.where` chooses between two results, `ops.cast` makes a
            float32 of it.
        peak: float, the largest rate.
        warmup_steps: int, 0 or more, and fewer than `total_steps`.
        total_steps: int.
        floor: float, the last rate.

    Returns:
        The rate: a float, or a scalar tensor of floats.
    """
    # BEGIN SOLUTION
    step = ops.cast(step, "float32")
    warm_up = peak * step / max(warmup_steps, 1)
    progress = ops.minimum((step - warmup_steps) / (total_steps - warmup_steps), 1.0)
    cosine = floor + (peak - floor) * 0.5 * (1 + ops.cos(math.pi * progress))
    return ops.where(step < warmup_steps, warm_up, cosine)
    # END SOLUTION


def train_step(model, optimizer, token_ids, padding_mask):
    """One step of training: loss, gradients, clipping, update.

        loss = sum(sample_weight * cross_entropy(labels, logits)) / sum(sample_weight)
        gradient_norm = sqrt(sum of the squares of all numbers in all gradients)
        gradients = gradients * CLIP_NORM / gradient_norm    if gradient_norm > CLIP_NORM

    The loss is the mean over the labels that are real tokens, not over sequences or places. Clipping
    by the global norm multiplies all gradients by one number, so that together they point where
    they pointed before; gradients whose norm is not above CLIP_NORM stay as they are. Clipped or
    not, it is the optimizer that makes the update, once, of all of `model.trainable_weights` and of
    no other weight.

    The model is called with `training=True`. The whole step has to work inside `tf.function` as well:
    nothing in it may need the value of a tensor in Python.

    Args:
        model: called as said above. Every trainable weight gets a gradient.
        optimizer: a Keras optimizer, such as `keras.optimizers.Adam`.
        token_ids: (B, T), T at least 2.
        padding_mask: Boolean (B, T), with at least one real label.

    Returns:
        `(loss, gradient_norm)`, two scalar tensors: the loss before the update, and the norm before
        clipping.
    """
    # BEGIN SOLUTION
    inputs, labels, sample_weight = shift_labels(token_ids, padding_mask)
    weights = model.trainable_weights
    with tf.GradientTape() as tape:
        logits = model(inputs, padding_mask=padding_mask[:, :-1], training=True)  # (B, T - 1, V)
        losses = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        loss = ops.sum(sample_weight * losses) / ops.sum(sample_weight)
    gradients = tape.gradient(loss, weights)
    gradient_norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
    scale = CLIP_NORM / ops.maximum(gradient_norm, CLIP_NORM)
    optimizer.apply([scale * gradient for gradient in gradients], weights)
    return loss, gradient_norm
    # END SOLUTION


def evaluate(model, batches):
    """Loss, perplexity and accuracy per token, over many batches of different sizes.

        loss = (sum over all real labels of all batches of the cross-entropy) / (their number)
        perplexity = exp(loss)
        accuracy = (how many real labels have the largest logit) / (their number)

    Every real label counts the same, whether its batch is large or small. A mean of the batches' means
    would count the tokens of a small batch more, and a mean of the batches' perplexities is always
    too large.

    The model is called with `training=False`, and none of its weights changes.

    Args:
        model: called as said above.
        batches: pairs `(token_ids, padding_mask)`, each (B, T), with other B and T in each pair. A list,
            or a generator, which has no length and can be gone through only once.

    Returns:
        `{"loss": ..., "perplexity": ..., "accuracy": ...}`, floats or scalar tensors.
    """
    # BEGIN SOLUTION
    loss_sum, correct, count = 0.0, 0.0, 0.0
    for token_ids, padding_mask in batches:
        inputs, labels, sample_weight = shift_labels(token_ids, padding_mask)
        logits = model(inputs, padding_mask=padding_mask[:, :-1], training=False)
        losses = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        hits = ops.cast(ops.argmax(logits, axis=-1) == labels, "float32")  # (B, T - 1)
        loss_sum += float(ops.sum(sample_weight * losses))
        correct += float(ops.sum(sample_weight * hits))
        count += float(ops.sum(sample_weight))
    loss = loss_sum / count
    return {"loss": loss, "perplexity": math.exp(loss), "accuracy": correct / count}
    # END SOLUTION
