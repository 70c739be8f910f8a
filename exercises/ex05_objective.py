"""Unit 5. The objective of a language model.

A language model F with weights w reads the tokens x_0 ... x_{t-1} of a text and approximates the
probability of the one that comes next:

    F(w; x_{t-1}, ..., x_0)  is to approximate  P(x_t | x_{t-1}, ..., x_0)

Here x_{t-1} is the most recent token and x_0 the oldest. The model is trained by being asked this
question at every place of every text at once: the text is its own answer, one token further on. How far
an answer is off is measured by the cross-entropy between the true distribution p and the predicted one
q over the V tokens of the vocabulary,

    H(p, q) = -sum over v of p[v] log q[v]

The text tells which token came next, so p is one at the true token and zero everywhere else: all terms
but one vanish, and what is left is -log q[true token]. The loss is therefore the mean of -log P of the
true tokens, a positive number: the minus sign belongs to it (the last line of the lecture's derivation
has lost it). You write all of this, from labels to perplexity.

Letters for shapes: B texts in a batch, T tokens in a text, V tokens in the vocabulary. Arguments are
tensors; they may also be NumPy arrays, and they must not be changed in place. Everything has to work
inside `tf.function` too, where T may be unknown, and has to let gradients through. log is the natural
logarithm. Token ids are integers from 0 to V - 1, at padding too.
"""

from keras import ops


def shift_labels(token_ids, padding_mask):
    """What the model reads, what it should answer, and which answers count.

        token_ids      w0    w1    w2    w3    PAD
        inputs         w0    w1    w2    w3
        labels         w1    w2    w3    PAD
        sample_weight  1     1     1     0

    At each place the model reads one token and should answer with the next one. An answer counts if
    its label is a real token: after w3 the input is real, but nobody knows what should follow. Ids are
    passed on as they are, at padding too; the mask decides what is real, not the id that stands there.

    Nothing shifts the labels again after this: not the model, not the loss.

    Args:
        token_ids: integers (B, T), T at least 2.
        padding_mask: Boolean (B, T), True for a real token and False for padding. Padding stands at
            the end of a row; a row may be padding only.

    Returns:
        `(inputs, labels, sample_weight)`, each (B, T - 1). The inputs and labels are ids; the weights
        are float32, one where the label is a real token and zero where it is padding.
    """
    raise NotImplementedError("ex05_objective: shift_labels is not written yet")


def cross_entropy(true_probs, pred_probs):
    """The cross-entropy between discrete distributions, along the last axis.

        H(p, q) = -sum over v of p[v] log q[v]

    Where p[v] is zero the term is zero, whatever q[v] is, zero included. Where p[v] is not zero, you may
    rely on q[v] being at least 1e-3. (Where q[v] is zero and p[v] is not, something happens that was
    called impossible, and the cross-entropy is infinite; many programs say a large number instead.)

    Args:
        true_probs: float32 (..., V), p: each row of V numbers is a distribution, from 0 to 1 with sum 1.
        pred_probs: float32 (..., V), q: likewise. Any number of axes may stand before the last, also none.

    Returns:
        float32 (...), one number for each pair of distributions.
    """
    raise NotImplementedError("ex05_objective: cross_entropy is not written yet")


def next_token_loss(logits, labels, sample_weight):
    """The mean of -log P over the real tokens of a batch.

        P(v | text so far) = exp(logits[b, t, v]) / sum over u of exp(logits[b, t, u])
        loss = sum(sample_weight * -log P(labels[b, t])) / sum(sample_weight)

    One mean over all real tokens of all rows: a token of a long text counts as much as one of a short
    text, and padding does not count at all. If no token is real, the loss is zero.

    The logits at t are the answer to `labels[:, t]`: the labels are shifted already. Logits are any
    finite numbers, also as large as 1e4 or -1e4, where exp overflows or vanishes in float32 and the
    loss is still a number to compute. They may be float16, which is too coarse to add up a loss in: compute
    in float32.

    Args:
        logits: (B, T, V), float32 or float16.
        labels: integers (B, T), the ids of the true tokens.
        sample_weight: float32 (B, T), 1 for labels that count and 0 for those that do not.

    Returns:
        The loss, a float32 scalar.
    """
    raise NotImplementedError("ex05_objective: next_token_loss is not written yet")


def sequence_log_likelihood(logits, labels, sample_weight):
    """The logarithm of the probability that the model gives to each whole text.

        log P(text) = sum over t of log P(x_t | x_{t-1}, ..., x_0)

    By the chain rule of probability the probability of a text is the product of those of its tokens,
    and its logarithm is a sum. Only real tokens are in it: padding changes nothing, and a row without
    a real token gives zero. The result is zero or negative, and not divided by the length.

    Args:
        logits: (B, T, V), float32 or float16, of any size as for `next_token_loss`.
        labels: integers (B, T).
        sample_weight: float32 (B, T), 1 for labels that count and 0 for those that do not.

    Returns:
        float32 (B,), one number for each row.
    """
    raise NotImplementedError("ex05_objective: sequence_log_likelihood is not written yet")


def perplexity(logits, labels, sample_weight):
    """The loss, said as a number of choices.

        perplexity = exp(mean of -log P over the real tokens)

    A model that finds 10 tokens equally likely at every place has a perplexity of 10, a model that is
    always sure and right has 1. It is the exponential of the mean over all real tokens of the batch, not
    a mean of exponentials. If no token is real, it is 1.

    Args:
        logits: (B, T, V), float32 or float16.
        labels: integers (B, T).
        sample_weight: float32 (B, T), 1 for labels that count and 0 for those that do not.

    Returns:
        The perplexity, a float32 scalar.
    """
    raise NotImplementedError("ex05_objective: perplexity is not written yet")
