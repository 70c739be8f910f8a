"""Checks of unit 4: pairs for teacher forcing, encoder, decoder, three ways to train, translating.

Two kinds of weights are used. Random ones show every difference in the arithmetic. Written ones make a
translator whose answers are known beforehand: see `written_weights`.
"""

import numpy as np

from coursekit.grading import expect, needs, normal, points, time_limit

PAD, START, STOP = 0, 1, 2
SOURCE, TARGET, WIDTH, UNITS = 9, 11, 3, 7  # vocabularies, embedding_dim, units
SIZES = (SOURCE, TARGET, WIDTH, UNITS)
WEIGHTS = (
    "the source's embedding",
    "the encoder's input kernel",
    "the encoder's recurrent kernel",
    "the encoder's bias",
    "the target's embedding",
    "the decoder's input kernel",
    "the decoder's recurrent kernel",
    "the decoder's bias",
    "the output layer's kernel",
    "the output layer's bias",
)
MASK = np.array(
    [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 0, 1], [0, 0, 0]], dtype=bool
)  # the padding at the end, at the front, in the middle, and everywhere


def ids(rng, vocabulary_size, *shape):
    """Token ids other than PAD."""
    return rng.integers(1, vocabulary_size, size=shape, dtype=np.int32)


def decoder_inputs(rng, batch, length):
    """START and then any tokens: what the decoder reads under teacher forcing."""
    token_ids = ids(rng, TARGET, batch, length)
    token_ids[:, 0] = START
    return token_ids


def gru_weights(rng, vocabulary_size, width=WIDTH, units=UNITS):
    """An embedding and the weights of a GRU: all random, none zero."""
    return [
        normal(rng, vocabulary_size, width),
        normal(rng, width, 3 * units, scale=0.7),
        normal(rng, units, 3 * units, scale=0.7),
        normal(rng, 2, 3 * units, scale=0.5),
    ]


def decoder_weights(rng):
    """The weights of a decoder, in their order."""
    return [*gru_weights(rng, TARGET), normal(rng, UNITS, TARGET), normal(rng, TARGET)]


def built(layer, weights):
    """The layer, built, with these weights."""
    layer.build((None, None))
    layer.set_weights(weights)
    return layer


def written_weights(rng, first_token, next_token):
    """Sizes and weights of a translator that does as it is told.

    Its first answer is `first_token[s]`, s being the last real token of the source; its answer after
    reading a token v is `next_token[v]`. The encoder's update gate is shut, so that its state shows
    the last token. In the decoder the source's units keep their value and the others show the token.
    """
    source, target = len(first_token), TARGET
    width, units = max(source, target), source + target
    kernels = normal(rng, 2, width, 3 * units, scale=0.01)
    kernels[0, :source, 2 * units : 2 * units + source] += 20 * np.eye(source, dtype=np.float32)
    kernels[1, :target, 2 * units + source :] += 20 * np.eye(target, dtype=np.float32)
    recurrent = normal(rng, 2, units, 3 * units, scale=0.001)
    biases = normal(rng, 2, 2, 3 * units, scale=0.01)
    biases[:, 0, :units] = -40
    biases[1, 0, :source] = 40
    answers = normal(rng, units, target, scale=0.01)
    for last, answer in enumerate(first_token):
        answers[last, answer] += 4
    for read, answer in next_token.items():
        answers[source + read, answer] += 10
    return (source, target, width, units), [
        *(np.eye(source, width, dtype=np.float32), kernels[0], recurrent[0], biases[0]),
        *(np.eye(target, width, dtype=np.float32), kernels[1], recurrent[1], biases[1]),
        *(answers, normal(rng, target, scale=0.01)),
    ]


def tokens_read(logits, next_token):
    """Which token a written translator has read at each step, seen from its answers."""
    before = np.zeros(TARGET, int)
    before[list(next_token.values())] = list(next_token)
    return before[logits.argmax(-1)]


def drawn(logits, inputs, next_token):
    """1 where the right token was read after START, 0 where its own; NaN where both are the same."""
    expect.shape(logits, (*inputs.shape, TARGET), "the logits")
    read, right = tokens_read(logits, next_token), inputs[:, 1:]
    own = np.array([next_token[token] for token in range(TARGET)])[read[:, :-1]]
    expect.true(
        bool((read[:, 0] == START).all()),
        "The first token that the decoder reads should be START, whatever the probability.",
    )
    expect.true(
        bool(((read[:, 1:] == right) | (read[:, 1:] == own)).all()),
        "The decoder reads a token that is neither the right one of its step nor the best one of the "
        "answer it has just given.",
    )
    return np.where(right == own, np.nan, read[:, 1:] == right)


def same_pair(received, expected, where=""):
    """Inputs, labels and weights, each with its own name in the message."""
    expect.true(
        isinstance(received, list | tuple) and len(received) == 3,
        "teacher_forcing_pair should return three things: the inputs, the labels and the weights.",
    )
    names = ("decoder inputs", "labels", "sample weights")
    for name, one, other in zip(names, received, expected, strict=True):
        expect.equal(one, other, f"the tensor of {name}{where}")


@points(1)
def test_pair(student, reference, rng):
    """Teacher forcing: the decoder's inputs, the labels one step ahead, weights of the labels."""
    target_ids = rng.integers(
        0, TARGET, size=(6, 5), dtype=np.int32
    )  # the mask decides, not the id
    mask = np.array(["11111", "11100", "11000", "10101", "00000", "01101"])
    mask = mask.view("U1").reshape(6, 5) == "1"
    short = ids(rng, TARGET, 1, 2), np.array([[True, False]])
    first = student.teacher_forcing_pair(target_ids, mask)
    second = student.teacher_forcing_pair.numpy()(*short)
    third = student.teacher_forcing_pair.traced(dynamic={0: (0, 1), 1: (0, 1)})(target_ids, mask)
    expected = reference.teacher_forcing_pair(target_ids, mask)
    same_pair(first, expected)
    same_pair(second, reference.teacher_forcing_pair(*short), " of one sentence, T = 2,")
    same_pair(third, expected, " inside tf.function, where T is not known,")


@points(1)
def test_encoder(student, reference, rng):
    """Encoder: outputs and state; padding leaves no trace, whatever stands there and wherever."""
    weights = gru_weights(rng, SOURCE)
    encoder = built(student.Encoder(SOURCE, WIDTH, UNITS), weights)
    right = built(reference.Encoder(SOURCE, WIDTH, UNITS), weights)
    source_ids = ids(rng, SOURCE, 6, 3)
    plain = encoder(source_ids)
    padded = encoder(source_ids, MASK)
    cut = encoder(source_ids[1:2, :2], padding_mask=MASK[1:2, :2])
    single = encoder(source_ids[:1, :1])
    what = "what the encoder returns"
    expect.close(plain, right(source_ids), f"{what} without a mask")
    expected = right(source_ids, MASK)
    expect.shape(padded[0], (6, 3, UNITS), "the encoder's outputs")
    real = MASK[:, :, None]
    expect.close(cut[1], padded[1][1:2], "the encoder's state of a sentence without its padding")
    expect.close(padded[1], expected[1], "the encoder's state of sentences with padding")
    expect.close(
        np.where(real, padded[0], np.float32(0)),
        np.where(real, expected[0], np.float32(0)),
        "the encoder's outputs at real tokens of sentences with padding",
    )
    expect.close(single, right(source_ids[:1, :1]), f"{what} for one sentence with one token")


@points(1)
def test_decoder(student, reference, rng):
    """Decoder: logits and state, from the state it is given."""
    weights = decoder_weights(rng)
    decoder = built(student.Decoder(TARGET, WIDTH, UNITS), weights)
    right = built(reference.Decoder(TARGET, WIDTH, UNITS), weights)
    inputs, state = decoder_inputs(rng, 6, 3), normal(rng, 6, UNITS)
    inputs[:3, 1] = PAD  # read like any other token
    other = normal(rng, 6, UNITS)
    whole = decoder(inputs, state)
    step = decoder(inputs[:, 1:2], other)
    single = decoder(inputs[:1, :1], state[:1])
    what = "what the decoder returns"
    expect.close(whole, right(inputs, state), what)
    expect.close(step, right(inputs[:, 1:2], other), f"{what} for one token and another state")
    expect.close(single, right(inputs[:1, :1], state[:1]), f"{what} for one sentence, one token")


@points(1)
def test_teacher_forcing(student, reference, rng):
    """Teacher forcing: the logits; no look at later tokens, no trace of padding in the source."""
    weights = [*gru_weights(rng, SOURCE), *decoder_weights(rng)]
    translator = built(student.Translator(*SIZES), weights)
    right = built(reference.Translator(*SIZES), weights)
    source_ids, inputs = ids(rng, SOURCE, 6, 3), decoder_inputs(rng, 6, 4)
    others, later = np.where(MASK, source_ids, ids(rng, SOURCE, 6, 3)), inputs.copy()
    later[:, 2:] = 1 + (inputs[:, 2:] + 1) % (TARGET - 1)  # other tokens everywhere
    plain = translator(source_ids, inputs)
    changed = translator(source_ids, later, teacher_forcing=True)
    padded = translator(source_ids, inputs, MASK)
    again = translator(others, inputs, padding_mask=MASK)
    for received in (plain, changed, padded, again):
        expect.shape(received, (6, 4, TARGET), "the logits")
    peeks = np.abs(changed - plain)[:, :2].max(axis=(0, 2)) > 1e-5
    expect.true(
        not peeks.any(),
        f"The logits of step {peeks.argmax()} change when only the tokens at steps 2 and 3 do: they "
        "must not know what comes later.",
    )
    expect.close(plain, right(source_ids, inputs), "the logits without a mask")
    expect.close(changed, right(source_ids, later), "the logits after other tokens")
    expected = right(source_ids, inputs, MASK)
    expect.close(padded, expected, "the logits of sources with padding")
    expect.close(again, expected, "the logits when other ids stand in the source's padding")


@points(1)
@needs("test_decoder")
def test_free_running(student, reference, rng):
    """Free running: the decoder reads the best token of its own answer, step after step."""
    weights = [*gru_weights(rng, SOURCE), *decoder_weights(rng)]
    translator = built(student.Translator(*SIZES), weights)
    right = built(reference.Translator(*SIZES), weights)
    source_ids, inputs = ids(rng, SOURCE, 6, 3), decoder_inputs(rng, 6, 4)
    received = translator(source_ids, inputs, MASK, teacher_forcing=False)
    single = translator(source_ids[:1], inputs[:1, :1], teacher_forcing=False)
    expect.close(
        received,
        right(source_ids, inputs, MASK, teacher_forcing=False),
        "the logits of free running",
    )
    expect.close(
        single,
        right(source_ids[:1], inputs[:1, :1], teacher_forcing=False),
        "the logits of free running with one sentence and one step",
    )


@points(1)
@needs("test_teacher_forcing")
def test_scheduled_sampling(student, reference, rng):
    """Scheduled sampling: right or own token, drawn for each step, each row and each call."""
    order = rng.permutation(TARGET)
    next_token = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    sizes, weights = written_weights(rng, first_token=[3, 3], next_token=next_token)
    translator = built(student.Translator(*sizes), weights)
    source_ids, inputs = ids(rng, 2, 150, 1), decoder_inputs(rng, 150, 3)
    few = source_ids[:5], inputs[:5, :2]
    received = [translator(source_ids, inputs, teacher_forcing=0.7) for _ in range(2)]
    always = translator(*few, teacher_forcing=1.0)
    never = translator(*few, teacher_forcing=0.0)
    draws = np.stack([drawn(logits, inputs, next_token) for logits in received])  # (2, B, T - 1)
    read_right, read_own = draws == 1, draws == 0
    expect.true(
        bool((read_right.any(axis=1) & read_own.any(axis=1)).all()),
        "At some step all rows of the batch read the right token, or all their own; each row should "
        "draw for itself.",
    )
    expect.true(
        (read_right.any(axis=2) & read_own.any(axis=2)).mean() > 0.15,
        "Most rows read the right token at every step or at none; each step should draw anew.",
    )
    expect.true(
        bool((read_right[0] & read_own[1]).any()),
        "Two calls with the same arguments made the same draws; each call should draw anew.",
    )
    share = read_right.sum() / (read_right | read_own).sum()
    expect.true(
        0.6 < share < 0.8,
        "With teacher_forcing=0.7 about 70% of the tokens read after START should be the right ones; "
        f"here {share:.0%} are.",
    )
    right = built(reference.Translator(*sizes), weights)
    expect.close(always, right(*few), "the logits with teacher_forcing=1.0")
    expect.close(never, right(*few, teacher_forcing=False), "the logits with teacher_forcing=0.0")


@points(2)
@needs("test_decoder")
def test_translate(student, reference, rng):
    """translate: the best token each time, PAD after a row's STOP, no step after the last STOP."""
    a, b, c, d, e, f, g = (int(token) for token in 3 + rng.permutation(7))
    first_token = [d, STOP, a, c, e]  # what sources ending in 0 to 4 begin with
    next_token = {a: b, b: STOP, c: PAD, PAD: d, d: STOP, e: f, f: e, STOP: g, g: g}
    sizes, weights = written_weights(rng, first_token, next_token)
    source_ids = rng.integers(0, 5, size=(5, 3), dtype=np.int32)
    lengths = np.array([2, 3, 2, 1, 2])
    source_ids[np.arange(5), lengths - 1] = [4, 2, 1, 3, 2]  # the first one never comes to STOP
    mask = np.arange(3) < lengths[:, None]
    some, one = (source_ids[1:], mask[1:]), (source_ids[2:3], mask[2:3])
    other_weights = [normal(rng, *array.shape) for array in weights]
    many = rng.integers(0, 5, size=(20, 3), dtype=np.int32), np.ones((20, 3), dtype=bool)
    translator = built(student.Translator(*sizes), weights)
    endless = translator.translate(source_ids, mask, 2)
    ended = translator.translate(*some, max_length=6)
    single = translator.translate(*one, max_length=4)
    translator.set_weights(other_weights)
    other = translator.translate(*many, max_length=2)
    right = built(reference.Translator(*sizes), weights)
    expected = [
        right.translate(source_ids, mask, 2),
        right.translate(*some, max_length=6),
        right.translate(*one, max_length=4),
    ]
    right.set_weights(other_weights)
    expect.equal(endless, expected[0], "what translate writes for a batch that is not finished yet")
    expect.equal(ended, expected[1], "what translate writes where every row stops")
    expect.equal(
        single, expected[2], "what translate writes for one sentence that gets nothing but STOP"
    )
    expected = right.translate(*many, max_length=2)
    expect.equal(other, expected, "what translate writes with random weights")


@points(1)
@needs("test_free_running")
def test_gradients(student, reference, rng):
    """Training: the right gradient for every weight, through every step of free running."""
    weights = [*gru_weights(rng, SOURCE), *decoder_weights(rng)]
    translator = built(student.Translator(*SIZES), weights)
    right = built(reference.Translator(*SIZES), weights)
    arguments = ids(rng, SOURCE, 6, 3), decoder_inputs(rng, 6, 3), MASK
    received = translator.gradients()(*arguments, teacher_forcing=False)
    expected = right.gradients()(*arguments, teacher_forcing=False)
    for name, one, other in zip(WEIGHTS, received.weights, expected.weights, strict=True):
        expect.true(one is not None, f"No gradient reaches {name}.")
        expect.close(one, other, f"the gradient of {name}", rtol=1e-3, atol=1e-3)


@points(1)
@time_limit(30)
@needs("test_teacher_forcing")
def test_learns_by_heart(student, rng):
    """Training: after some steps of Adam the translator knows a small batch by heart."""
    translator = student.Translator(7, 8, 4, 6)
    translator.build((None, None))
    source_ids = (1 + rng.permutation(6)[:4]).astype(np.int32)[:, None]
    words = 3 + rng.integers(0, 5, size=4, dtype=np.int32)
    labels = np.array([[words[0], STOP], [words[1], STOP], [words[2], words[3]], [STOP, PAD]])
    inputs = np.array([[START, words[0]], [START, words[1]], [START, words[2]], [START, STOP]])
    labels, inputs = labels.astype(np.int32), inputs.astype(np.int32)
    real = (labels != PAD).astype(np.float32)
    logits = translator.fitted(labels, real, steps=100, learning_rate=0.1)(source_ids, inputs)
    expect.shape(logits, (4, 2, 8), "the logits after training")
    right = (logits.argmax(-1) == labels)[real == 1]
    expect.true(
        bool(right.all()),
        f"After 100 steps on four sentences {right.sum()} of {right.size} tokens are right; all "
        "should be.",
    )
