"""How a language model continues a prompt, by reading everything again for each token.

The plain loop, for any model from ids to logits, also one without a cache.
"""

import numpy as np
import tensorflow as tf

from coursekit.text.special_tokens import PAD, START, STOP, UNKNOWN

_IDS = tf.TensorSpec([None, None], tf.int32)
_LENGTHS = tf.TensorSpec([None], tf.int32)
NEVER_WRITTEN = (PAD, START, UNKNOWN)


def compiled_continuation(model, temperature: float, seed: int = 0):
    """Returns `continue_rows(prompts, length) -> rows`, compiled once for all lengths.

    Args:
        model: from ids (B, T) to logits (B, T, V).
        temperature: float. 0: the likeliest token, else one drawn from softmax(logits / temperature).
        seed: int. The same prompts get the same continuations.
    """

    @tf.function(input_signature=[_IDS, _LENGTHS], autograph=False)
    def continue_ids(token_ids, lengths):
        rows, total = tf.unstack(tf.shape(token_ids))
        columns = tf.range(total)

        def body(position, token_ids, done):
            logits = model(token_ids, training=False)  # (B, T, V)
            logits = tf.cast(logits[:, position - 1], tf.float32)
            banned = tf.reduce_max(tf.one_hot(NEVER_WRITTEN, tf.shape(logits)[-1]), axis=0) > 0
            logits = tf.where(banned, logits.dtype.min, logits)
            if temperature:
                gumbel = -tf.math.log(
                    -tf.math.log(
                        tf.random.stateless_uniform(tf.shape(logits), [seed, position], 1e-9, 1.0)
                    )
                )
                logits = logits / temperature + gumbel
            chosen = tf.argmax(logits, axis=-1, output_type=tf.int32)
            chosen = tf.where(done, PAD, chosen)
            written = (columns == position) & (position >= lengths)[:, None]  # (B, T)
            done |= (position >= lengths) & (chosen == STOP)
            return position + 1, tf.where(written, chosen[:, None], token_ids), done

        loop = tf.while_loop(
            lambda position, _, done: (position < total) & ~tf.reduce_all(done),
            body,
            (tf.reduce_min(lengths), token_ids, tf.zeros([rows], tf.bool)),
        )
        return loop[1]

    def continue_rows(prompts, length: int) -> list[list[int]]:
        lengths = np.array([len(prompt) for prompt in prompts], np.int32)
        token_ids = np.full((len(prompts), int(lengths.max()) + length), PAD, np.int32)
        for row, prompt in zip(token_ids, prompts, strict=True):
            row[: len(prompt)] = prompt
        written = continue_ids(token_ids, lengths).numpy()
        return [
            row[start : start + length].tolist()
            for row, start in zip(written, lengths, strict=True)
        ]

    return continue_rows
