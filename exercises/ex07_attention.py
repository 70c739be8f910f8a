"""Unit 7. Attention.

A recurrent network carries everything it has read through one state. Attention keeps all of it and
lets every token look back: a token asks a question (its query), every token shows what it can be found
by (its key) and what it has to say (its value). The answer is a weighted sum of the values, and the
weights say how well each key fits the query. You write the mask that keeps a token from looking into
the future, a softmax that respects masks, and attention itself.

Letters for shapes: T queries, S keys and as many values, H numbers in a query and in a key, Hv numbers
in a value; "..." stands for any number of axes in front, none included: (T, H), (B, T, H) and
(B, N, T, H) are all of the form (..., T, H). In a mask True means "may be looked at" and False "may
not".

Arguments are tensors; they may also be NumPy arrays, and they must not be changed in place. Results
have the dtype of the inputs: float16 in, float16 out. Inside `tf.function` the lengths may be unknown
while it is traced, so that only `keras.ops.shape` or `tf.shape` tell them; H and Hv are always known.
"""

from keras import ops


def causal_mask(query_length, key_length):
    """Which keys each query may look at: those at its own position and at positions before it.

        mask[i, j] = j <= i + key_length - query_length

    The queries are the last of the sequence's positions: the last query stands where the last key
    stands and sees every key, the last but one sees all keys but the last, and so on. With as many
    queries as keys this is the well-known triangle. With fewer queries, as when a text is continued
    and its beginning has been computed already, row i is the row of position i + S - T.

        causal_mask(3, 3)      causal_mask(2, 4)
        1 0 0                  1 1 1 0
        1 1 0                  1 1 1 1
        1 1 1

    Args:
        query_length: T, a Python integer or an integer tensor of shape (); at least 1.
        key_length: S, likewise, at least T. Inside `tf.function` such a tensor has no value yet:
            NumPy and Python's `range` cannot read it, `keras.ops` and `tf` can.

    Returns:
        Boolean (T, S).
    """
    raise NotImplementedError("ex07_attention: causal_mask is not written yet")


def masked_softmax(scores, mask=None):
    """Turns each row of scores, its last axis, into weights: positive, with the sum one.

        weights[j] = exp(scores[j]) / sum(exp(scores[k]) for every k that the mask allows)

    where the mask is True, and exactly zero where it is False. A score that is masked has no
    influence at all, however large it is.

    A row in which nothing is allowed has only zeros as its weights, never NaN and no average. It
    passes on no gradient: the gradient of its scores is zero, and it is finite everywhere else too.

    The scores may be as large as 10,000 and as small as -10,000, in float32 and in float16, where
    the largest number is 65,504. Neither exp(10,000) nor -1e9 is a float16, and adding the same
    number to all scores of a row leaves its weights as they are.

    Args:
        scores: (..., S), float32 or float16.
        mask: Boolean, True for a score that counts; of the shape of the scores or of one that
            broadcasts to it, such as (T, S) for scores (B, T, S). None: all scores count.

    Returns:
        The weights, of the shape and dtype of the scores.
    """
    raise NotImplementedError("ex07_attention: masked_softmax is not written yet")


def scaled_dot_product_attention(query, key, value, mask=None):
    """Each query receives a weighted sum of the values.

        scores[i, j] = query[i] · key[j] / sqrt(H)
        weights = masked_softmax(scores, mask)
        output[i] = sum(weights[i, j] * value[j] for every key j)

    The dot product of two random vectors of H numbers grows with sqrt(H). Divided by it the scores
    keep their size, the softmax does not settle on one key before it has learned anything, and
    gradients arrive.

    Axes in front of the last two are treated alike: each sequence of the batch, each head, is a
    problem of its own. They are the same for query, key and value.

    Args:
        query: (..., T, H), float32 or float16.
        key: (..., S, H).
        value: (..., S, Hv). Hv may differ from H.
        mask: Boolean, of a shape that broadcasts to (..., T, S); True where query i may look at key
            j. Examples are (T, S), one mask for all, and (B, 1, 1, S) beside a query (B, N, T, H).
            None: every query may look at every key. The output of a query that may look at no key
            is zero.

    Returns:
        `(output, weights)`, of the shapes (..., T, Hv) and (..., T, S).
    """
    raise NotImplementedError("ex07_attention: scaled_dot_product_attention is not written yet")
