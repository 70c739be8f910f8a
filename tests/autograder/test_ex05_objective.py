"""Checks of unit 5: labels, cross-entropy, the loss of a language model, likelihood and perplexity."""

import numpy as np

from coursekit.grading import expect, needs, normal, points

LENGTHS = (4, 2, 1, 3, 0, 4)  # real labels in each row of a batch; one row has none


def right_padded(lengths, longest):
    """A mask (B, T) whose rows are real for as long as `lengths` says."""
    return np.arange(longest) < np.array(lengths)[:, None]


def ids(rng, vocabulary_size, *shape):
    """Token ids; every one may stand everywhere, also in the padding."""
    return rng.integers(0, vocabulary_size, size=shape, dtype=np.int32)


def batch(rng, vocabulary_size=7, lengths=LENGTHS, longest=4, scale=2.0):
    """Logits, labels and weights of a padded batch."""
    rows = len(lengths)
    return (
        normal(rng, rows, longest, vocabulary_size, scale=scale),
        ids(rng, vocabulary_size, rows, longest),
        right_padded(lengths, longest).astype(np.float32),
    )


def large_batch(rng):
    """Logits near -1e4, 0 and 1e4, each 30 away from the next; two rows are near one throughout.

    Their log-probabilities are whole numbers, the same in whatever order they are computed.
    """
    _, labels, sample_weight = batch(rng)
    order = rng.permuted(np.tile(np.arange(7), (6, 4, 1)), axis=-1)
    base = rng.integers(-1, 2, size=order.shape)
    base[0], base[5] = -1, 1
    return (1e4 * base + 30 * order).astype(np.float32), labels, sample_weight


def half_batch(rng):
    """Float16 logits that give every real label a loss of 4003, which float16 itself cannot hold."""
    _, labels, sample_weight = batch(rng, lengths=(1, 2), longest=2)
    labels = np.maximum(labels, 1)
    logits = normal(rng, 2, 2, 7)
    logits[..., 0] = 3002
    np.put_along_axis(logits, labels[..., None], -1001, axis=-1)
    return logits.astype(np.float16), labels, sample_weight


def nothing_real(rng):
    """A batch of padding only."""
    return batch(rng, lengths=(0, 0))


def distributions(rng, *shape):
    """Random rows of positive numbers with sum one, none of them very small."""
    numbers = rng.uniform(0.1, 2.0, size=shape) ** 2
    return (numbers / numbers.sum(-1, keepdims=True)).astype(np.float32)


def same_gradient(received, expected, what):
    """Compares the gradients of one call, one argument after the other."""
    for one, other in zip(received.arguments, expected.arguments, strict=True):
        expect.true(
            one is not None,
            f"No gradient arrives at {what}: on the way something stops it or leaves TensorFlow, so "
            "nothing could be learned.",
        )
        expect.close(one, other, f"the gradient with respect to {what}", rtol=1e-3)


@points(1)
def test_shift(student, reference, rng):
    """Labels: the token that comes next, and a weight of one where it is a real token."""
    token_ids, mask = ids(rng, 5, 6, 6), right_padded((6, 3, 2, 1, 0, 5), 6)
    short, short_mask = ids(rng, 9, 2, 2), np.array([[True, False], [True, True]])
    single = ids(rng, 9, 1, 3), np.array([[True, True, True]])
    first = student.shift_labels(token_ids, mask)
    second = student.shift_labels.numpy()(short, short_mask)
    third = student.shift_labels(*single)
    for received, arguments, when in (
        (first, (token_ids, mask), ""),
        (second, (short, short_mask), " of texts of two tokens"),
        (third, single, " of one text"),
    ):
        expect.true(
            isinstance(received, list | tuple) and len(received) == 3,
            "shift_labels should return three things: the inputs, the labels and the sample weights.",
        )
        expected = reference.shift_labels(*arguments)
        for place, name in enumerate(("inputs", "labels", "sample weights")):
            what = f"the {name} (result {place + 1} of shift_labels){when}"
            expect.equal(received[place], expected[place], what)


@points(1)
def test_cross_entropy(student, reference, rng):
    """Cross-entropy: of true and predicted distributions, along the last axis."""
    shapes = ((5,), (4, 6), (3, 2, 4), (1, 1, 2), (4, 4, 4))
    pairs = [(distributions(rng, *shape), distributions(rng, *shape)) for shape in shapes]
    received = [student.cross_entropy(*pair) for pair in pairs]
    unchanged = student.cross_entropy.numpy()(*pairs[1])
    for shape, pair, one in zip(shapes, pairs, received, strict=True):
        expect.close(
            one, reference.cross_entropy(*pair), f"the cross-entropy of distributions {shape}"
        )
    expect.close(unchanged, reference.cross_entropy(*pairs[1]), "the cross-entropy of NumPy arrays")


@points(1)
@needs("test_cross_entropy")
def test_certainty(student, reference, rng):
    """A certain truth: -log P of the true class, however unlikely; and 0 log 0 = 0."""
    classes = ids(rng, 5, 6)
    certain, predicted = np.eye(5, dtype=np.float32)[classes], distributions(rng, 6, 5)
    small = predicted.copy()
    small[np.arange(3), classes[:3]] = 1e-3, 2e-3, 5e-3
    both = np.array([[0.5, 0.5, 0, 0], [0, 0.25, 0, 0.75], [0, 0, 1, 0]], np.float32)
    some = np.array([[0.5, 0.5, 0], [0, 0.5, 0.5], [0.1, 0.9, 0]], np.float32)
    other = np.array([[0.3, 0.7, 0], [0.2, 0.5, 0.3], [0.9, 0.1, 0]], np.float32)
    usual = student.cross_entropy(certain, predicted)
    unlikely = student.cross_entropy(certain, small)
    itself = student.cross_entropy(both, both)
    fewer = student.cross_entropy(some, other)
    expect.close(
        usual,
        -np.log(predicted[np.arange(6), classes]),
        "where one class is certain, the cross-entropy, which is -log P of that class,",
    )
    expect.close(
        unlikely,
        reference.cross_entropy(certain, small),
        "where a certain class was predicted with 1e-3, 2e-3 or 5e-3, the cross-entropy",
        rtol=1e-3,
    )
    expect.close(
        itself,
        reference.cross_entropy(both, both),
        "where both probabilities are zero for some classes, the cross-entropy",
    )
    expect.close(
        fewer,
        reference.cross_entropy(some, other),
        "where a class does not occur, the cross-entropy",
    )


@points(2)
def test_loss(student, reference, rng):
    """The loss: the mean of -log P of the true tokens, over real tokens only."""
    usual, full = batch(rng), batch(rng, 5, lengths=(3, 3), longest=3)
    single, wider = batch(rng, 4, (1,), 1), batch(rng, 40, (6, 1, 2), 6)
    long_ids = wider[0], wider[1].astype(np.int64), wider[2]
    first = student.next_token_loss(*usual)
    second = student.next_token_loss(*full)
    third = student.next_token_loss(*single)
    fourth = student.next_token_loss.numpy()(*long_ids)
    expect.close(first, reference.next_token_loss(*usual), "the loss of a padded batch")
    expect.close(second, reference.next_token_loss(*full), "the loss of a batch without padding")
    expect.close(third, reference.next_token_loss(*single), "the loss of one text with one label")
    expect.close(fourth, reference.next_token_loss(*long_ids), "the loss with 40 tokens to choose")


@points(1)
def test_log_likelihood(student, reference, rng):
    """Log-likelihood: one number for each text, the sum over its real tokens."""
    usual, single, empty = batch(rng), batch(rng, 4, (1,), 1), nothing_real(rng)
    first = student.sequence_log_likelihood(*usual)
    second = student.sequence_log_likelihood.numpy()(*single)
    third = student.sequence_log_likelihood(*empty)
    what = "the log-likelihood of"
    right = reference.sequence_log_likelihood
    expect.close(first, right(*usual), f"{what} padded texts")
    expect.close(second, right(*single), f"{what} one text with one label")
    expect.close(third, right(*empty), f"{what} nothing but padding")


@points(1)
@needs("test_loss", "test_log_likelihood")
def test_limits(student, reference, rng):
    """Loss and likelihood at their limits: logits of 1e4 and -1e4, float16, nothing but padding."""
    large, half, usual, empty = large_batch(rng), half_batch(rng), batch(rng), nothing_real(rng)
    usual_half = usual[0].astype(np.float16), *usual[1:]
    cases = (
        ("next_token_loss", large, "the loss for logits of -1e4 and 1e4"),
        ("next_token_loss", half, "the loss for large float16 logits"),
        ("next_token_loss", usual_half, "the loss for float16 logits"),
        ("next_token_loss", empty, "the loss of nothing but padding"),
        ("sequence_log_likelihood", large, "the log-likelihood for logits of -1e4 and 1e4"),
        ("sequence_log_likelihood", half, "the log-likelihood for large float16 logits"),
    )
    received = [getattr(student, name)(*arguments) for name, arguments, _ in cases]
    for (name, arguments, what), one in zip(cases, received, strict=True):
        expect.close(one, getattr(reference, name)(*arguments), what)


@points(1)
@needs("test_loss")
def test_perplexity(student, reference, rng):
    """Perplexity: the exponential of the mean over all real tokens."""
    usual, single, empty = batch(rng), batch(rng, 4, (1,), 1), nothing_real(rng)
    undecided = np.zeros((2, 3, 10), np.float16), ids(rng, 10, 2, 3), np.ones((2, 3), np.float32)
    sure = 1e4 * np.eye(7, dtype=np.float32)[usual[1]], usual[1], usual[2]
    first = student.perplexity(*usual)
    second = student.perplexity.numpy()(*single)
    third = student.perplexity(*undecided)
    fourth = student.perplexity(*sure)
    fifth = student.perplexity(*empty)
    expect.close(first, reference.perplexity(*usual), "the perplexity of a padded batch")
    expect.close(second, reference.perplexity(*single), "the perplexity of one text with one label")
    expect.close(
        third, reference.perplexity(*undecided), "the perplexity of 10 equally likely tokens"
    )
    expect.close(fourth, reference.perplexity(*sure), "the perplexity of a model that is sure")
    expect.close(fifth, reference.perplexity(*empty), "the perplexity of nothing but padding")


@points(1)
@needs("test_cross_entropy", "test_loss", "test_log_likelihood", "test_perplexity")
def test_gradients(student, reference, rng):
    """Learning: gradients reach the logits and both distributions, and are zero at padding."""
    pair, usual, large = [distributions(rng, 4, 5) for _ in range(2)], batch(rng), large_batch(rng)

    def of(party):
        logits = {"wrt": (0,)}
        return (
            party.cross_entropy.gradients(wrt=(0, 1))(*pair),
            party.next_token_loss.gradients(**logits)(*usual),
            party.next_token_loss.gradients(**logits)(*large),
            party.sequence_log_likelihood.gradients(**logits)(*usual),
            party.perplexity.gradients(**logits)(*usual),
        )

    names = (
        "the distributions of cross_entropy",
        "the logits of next_token_loss",
        "the logits of next_token_loss where they are 1e4 and -1e4",
        "the logits of sequence_log_likelihood",
        "the logits of perplexity",
    )
    for received, expected, name in zip(of(student), of(reference), names, strict=True):
        same_gradient(received, expected, name)


@points(1)
@needs("test_shift", "test_loss", "test_log_likelihood", "test_perplexity")
def test_unknown_length(student, reference, rng):
    """Inside tf.function, where the length of the texts is not known."""
    token_ids, mask = ids(rng, 9, 3, 5), right_padded((5, 3, 1), 5)
    usual = batch(rng)
    unknown = {0: (1,), 1: (1,), 2: (1,)}
    shifted = student.shift_labels.traced(dynamic={0: (1,), 1: (1,)})(token_ids, mask)
    names = ("next_token_loss", "sequence_log_likelihood", "perplexity")
    received = [getattr(student, name).traced(dynamic=unknown)(*usual) for name in names]
    expected = reference.shift_labels(token_ids, mask)
    expect.close(shifted, expected, "inside tf.function, what shift_labels returns")
    for name, one in zip(names, received, strict=True):
        right = getattr(reference, name)(*usual)
        expect.close(one, right, f"inside tf.function, what {name} returns")
