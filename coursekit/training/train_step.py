"""One compiled step of training a translator."""

import tensorflow as tf

from coursekit.objectives import candidates_of_batch, shift_labels, token_cross_entropy
from coursekit.text.special_tokens import PAD

_IDS = tf.TensorSpec([None, None], tf.int32)
_SEED = tf.TensorSpec([2], tf.int32)


def compiled_train_step(
    translator,
    optimizer,
    teacher_forcing=1.0,
    label_smoothing=0.0,
    sampled_softmax=0,
    clip_norm=1.0,
    make_pair=shift_labels,
):
    """Returns `step(source_ids, target_ids, seed) -> (loss_sum, count, gradient_norm)`.

    One graph for all batch shapes. The gradient is that of the mean loss of a real token, cut to a
    global norm of `clip_norm`; the norm returned is that before the cut.

    Args:
        translator: a built `Translator`.
        optimizer: a built Keras optimizer.
        teacher_forcing: float. Probability that the decoder reads the true token.
        label_smoothing: float, see `token_cross_entropy`.
        sampled_softmax: int, see `candidates_of_batch`; 0: the whole vocabulary.
        clip_norm: float.
        make_pair: `(target_ids, padding_mask) -> (decoder_input_ids, labels, sample_weight)`.
    """
    variables = translator.trainable_variables
    vocabulary_size = translator.target_vocabulary_size
    # A decoder that reads its own tokens needs all logits anyway, to choose them.
    sampled = 0 < sampled_softmax < vocabulary_size and teacher_forcing == 1

    @tf.function(input_signature=[_IDS, _IDS, _SEED], autograph=False)
    def step(source_ids, target_ids, seed):
        inputs, labels, weight = make_pair(target_ids, target_ids != PAD)
        candidate_ids, log_weights = None, 0.0
        if sampled:
            candidate_ids, labels, log_weights = candidates_of_batch(
                labels, vocabulary_size, sampled_softmax, seed
            )
        with tf.GradientTape() as tape:
            logits = translator(
                source_ids,
                inputs,
                teacher_forcing=teacher_forcing,
                candidate_ids=candidate_ids,
                training=True,
            )
            loss, count = token_cross_entropy(
                logits + log_weights, labels, weight, label_smoothing=label_smoothing
            )
            mean = loss / tf.maximum(count, 1.0)
        # Dense, for the norm of a sum of slices is not the norm of the slices.
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(mean, variables)]
        gradients, norm = tf.clip_by_global_norm(gradients, clip_norm)
        optimizer.apply(gradients, variables)
        return loss, count, norm

    return step
