"""Checks of unit 11: the learning rate's course, one step of training, evaluation by tokens.

The model is the course's own (`NextTokenModel`, coursekit/grading/worker/toys.py): causal, without
randomness, and different in its logits for every way of calling it. Its weights are read back.
"""

import numpy as np

from coursekit.grading import expect, needs, normal, points

VOCABULARY, UNITS = 7, 5
ANYWHERE = np.array(
    [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 1, 1, 0, 1], [0] * 6],
    dtype=bool,
)  # the padding nowhere, at the end, at the front, in the middle, everywhere


def ids(rng, *shape):
    """Any token ids."""
    return rng.integers(0, VOCABULARY, size=shape, dtype=np.int32)


def weights_of(rng, sharpness, vocabulary_size=VOCABULARY, units=UNITS, scale=0.7):
    """The weights of a model, in their order; the sharpness multiplies its logits."""
    return [
        normal(rng, vocabulary_size, units),
        normal(rng, 2 * units, units, scale=scale),
        normal(rng, units, scale=0.3),
        normal(rng, units, scale=0.5),
        normal(rng, units, vocabulary_size, scale=scale),
        np.asarray(sharpness, np.float32),
    ]


def model_with(party, weights):
    """The model beside the code of `student` or `reference`, with these weights."""
    vocabulary_size, units = weights[0].shape
    model = party.make("NextTokenModel", vocabulary_size, units)
    model.build((None, None))
    model.set_weights(weights)
    return model


def trained_by(party, weights, name, *arguments, **options):
    """A model with these weights and an optimizer for it, built, so that train_step makes no variables."""
    model, optimizer = model_with(party, weights), party.make(name, *arguments, **options)
    optimizer.build(model.trainable_variables)
    return model, optimizer


def logits_of(weights, token_ids, mask, training=False):
    """What the model answers, (B, T, V), worked out here."""
    embedding, kernel, bias, training_bias, output_kernel, sharpness = weights
    vectors, real = embedding[token_ids], mask[..., None]
    context = np.cumsum(real * vectors, axis=1) / np.maximum(np.cumsum(real, axis=1), 1)
    strength = 1.0 if training else 0.25
    hidden = np.concatenate([vectors, context], axis=-1) @ kernel + bias + strength * training_bias
    return sharpness * (np.tanh(hidden) @ output_kernel)


def loss_of(weights, token_ids, mask):
    """The mean cross-entropy of a real label in training, worked out here."""
    logits = logits_of(weights, token_ids[:, :-1], mask[:, :-1], training=True).astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(log_probabilities, token_ids[:, 1:, None], axis=-1)[..., 0]
    return -chosen[mask[:, 1:]].mean()


def half_guessed(rng, weights, mask):
    """Token ids of which the model guesses about half."""
    token_ids = ids(rng, *mask.shape)
    for place in range(1, mask.shape[1]):
        best = logits_of(weights, token_ids[:, :place], mask[:, :place])[:, -1].argmax(-1)
        guessed = rng.random(len(mask)) < 0.5
        token_ids[:, place] = np.where(guessed, best, token_ids[:, place])
    return token_ids


def same_rates(party_rates, expected, when=""):
    """Compares learning rates by step."""
    for step, received in party_rates.items():
        what = f"the rate at step {step}{when}"
        expect.close(received, float(expected[step]), what, rtol=1e-4, atol=1e-6)


def same_loss(received, expected, when=""):
    """Compares the first of the two numbers that `train_step` returns."""
    expect.true(
        isinstance(received, list | tuple) and len(received) == 2,
        "train_step should return two things: the loss and the norm of the gradients.",
    )
    expect.close(received[0], float(expected[0]), f"the loss{when}", rtol=1e-3)


def same_metrics(received, expected, when=""):
    """Compares the dictionaries of `evaluate`."""
    names = sorted(received) if isinstance(received, dict) else None
    expect.true(
        names == sorted(expected),
        'evaluate should return a dictionary with the three entries "loss", "perplexity" and "accuracy"'
        + (f"; received the entries {names}." if names is not None else "."),
    )
    for name, right in expected.items():
        expect.close(received[name], float(right), f"the {name}{when}", rtol=1e-3)


def same_updates(student, reference, rng, sharpness, when):
    """Two steps with momentum: the norms, and all weights afterwards."""
    weights, token_ids = weights_of(rng, sharpness), [ids(rng, 5, 6) for _ in range(2)]
    model, optimizer = trained_by(student, weights, "SGD", 0.5, momentum=0.9)
    right, its = trained_by(reference, weights, "SGD", 0.5, momentum=0.9)
    received = [student.train_step(model, optimizer, batch, ANYWHERE) for batch in token_ids]
    after, updates = model.get_weights(), optimizer.attribute("iterations")
    expected = [reference.train_step(right, its, batch, ANYWHERE) for batch in token_ids]
    goal = right.get_weights()
    for number, (one, other) in enumerate(zip(received, expected, strict=True)):
        same_loss(one, other, f" of step {number + 1} {when}")
        what = f"the norm of the gradients of step {number + 1} {when}"
        expect.close(one[1], float(other[1]), what, rtol=1e-3)
    expect.true(
        not all(np.array_equal(one, other) for one, other in zip(after, weights, strict=True)),
        "No weight has changed after two steps: the optimizer has to apply the gradients.",
    )
    names = ("embedding", "kernel", "bias", "training_bias", "output_kernel", "sharpness")
    for name, one, other in zip(names, after, goal, strict=True):
        expect.close(one, other, f"the weight {name} after two steps {when}", rtol=1e-3, atol=1e-4)
    expect.equal(updates, 2, f"the optimizer's own count of its updates after two steps {when}")


@points(1)
def test_warm_up(student, reference, rng):
    """Warm-up: a line from 0 to the peak; without warm-up the first step has the peak."""
    peak, floor = rng.uniform(0.2, 0.9), rng.uniform(0.02, 0.1)
    usual, none = (peak, 8, 40), (peak, 0, 20)
    line = {step: student.warmup_cosine(step, *usual, floor=floor) for step in (0, 1, 5, 7, 8)}
    short = student.warmup_cosine(1, peak, 2, 10)
    without = {0: student.warmup_cosine(0, *none, floor)}
    expected = {step: reference.warmup_cosine(step, *usual, floor=floor) for step in line}
    same_rates(line, expected, " of 8 of warm-up")
    same_rates({1: short}, {1: reference.warmup_cosine(1, peak, 2, 10)}, " of 2 of warm-up")
    expected = {step: reference.warmup_cosine(step, *none, floor) for step in without}
    same_rates(without, expected, " without warm-up")


@points(1)
def test_cosine(student, reference, rng):
    """After the warm-up: half a cosine from the peak to the floor, and the floor ever after."""
    peak, floor = rng.uniform(0.2, 0.9), rng.uniform(0.02, 0.1)
    steps = (8, 9, 16, 24, 39, 40, 41, 72, 10_000)
    first = {step: student.warmup_cosine(step, peak, 8, 40, floor) for step in steps}
    second = {step: student.warmup_cosine(step, peak, 3, 13) for step in (5, 8, 12, 14, 23)}
    third = {step: student.warmup_cosine(step, peak, 0, 9, floor) for step in (1, 6)}
    expected = {step: reference.warmup_cosine(step, peak, 8, 40, floor) for step in steps}
    same_rates(first, expected, " of 40, of them 8 of warm-up")
    expected = {step: reference.warmup_cosine(step, peak, 3, 13) for step in second}
    same_rates(second, expected, " of 13, of them 3 of warm-up, with the floor left out")
    expected = {step: reference.warmup_cosine(step, peak, 0, 9, floor) for step in third}
    same_rates(third, expected, " of 9, without warm-up")


@points(1)
@needs("test_warm_up", "test_cosine")
def test_rate_of_a_tensor(student, reference, rng):
    """The rate of a step that is a tensor, outside and inside tf.function."""
    peak, floor = rng.uniform(0.2, 0.9), rng.uniform(0.02, 0.1)
    steps = {step: np.asarray(step, np.int32) for step in (3, 17, 30)}
    rates = {step: student.warmup_cosine(n, peak, 5, 25, floor) for step, n in steps.items()}
    traced = {
        step: student.warmup_cosine.traced()(n, peak, 5, 25, floor) for step, n in steps.items()
    }
    expected = {step: reference.warmup_cosine(n, peak, 5, 25, floor) for step, n in steps.items()}
    same_rates(rates, expected, ", given as a tensor,")
    same_rates(traced, expected, ", inside tf.function,")


@points(1)
def test_loss(student, reference, rng):
    """The loss of a step: the mean over all labels, also where logits are very large."""
    cases = (
        (" of three sequences", ids(rng, 3, 6), weights_of(rng, 1.0)),
        (" of one sequence of two tokens", ids(rng, 1, 2), weights_of(rng, 1.0)),
        (" with logits of 1000 and more", ids(rng, 3, 6), weights_of(rng, 1000.0)),
    )
    received, expected = (
        [
            party.train_step(
                *trained_by(party, weights, "SGD", 0.1),
                token_ids,
                np.ones(token_ids.shape, bool),
            )
            for _, token_ids, weights in cases
        ]
        for party in (student, reference)
    )
    for (when, _, _), one, other in zip(cases, received, expected, strict=True):
        same_loss(one, other, when)


@points(1)
@needs("test_loss")
def test_padding(student, reference, rng):
    """Padding anywhere: neither its labels count, nor does the model see it."""
    weights, token_ids = weights_of(rng, 2.0), ids(rng, 5, 6)
    at_the_end = np.arange(6) < np.array([6, 3, 1, 5, 2])[:, None]
    others = np.where(at_the_end, token_ids, (token_ids + 1) % VOCABULARY)
    received, expected = (
        [
            party.train_step(*trained_by(party, weights, "SGD", 0.1), batch, mask)
            for batch, mask in ((token_ids, ANYWHERE), (token_ids, at_the_end))
        ]
        for party in (student, reference)
    )
    model, optimizer = trained_by(student, weights, "SGD", 0.1)
    again = student.train_step(model, optimizer, others, at_the_end)
    same_loss(received[1], expected[1], " of sequences with padding at the end")
    same_loss(again, expected[1], " when other ids stand in the padding")
    same_loss(received[0], expected[0], " of sequences with padding anywhere")


@points(1)
def test_small_gradients(student, reference, rng):
    """Gradients below the limit: the norm is returned, the optimizer applies them as they are."""
    same_updates(student, reference, rng, 0.1, "with small gradients")


@points(1)
def test_large_gradients(student, reference, rng):
    """Gradients above the limit: all of them shortened by one factor, to a global norm of 1."""
    same_updates(student, reference, rng, 20.0, "with large gradients")


@points(1)
@needs("test_loss")
def test_one_batch_overfits(student, rng):
    """Training, inside tf.function: a batch is learnt by heart, to a loss below 0.05."""
    vocabulary_size, units, steps = 24, 24, 40
    weights = weights_of(rng, 1.0, vocabulary_size, units, scale=0.2)
    token_ids = rng.permutation(vocabulary_size).astype(np.int32).reshape(4, 6)
    mask = np.arange(6) < np.array([6, 4, 6, 5])[:, None]
    model, optimizer = trained_by(student, weights, "Adam", 0.03)
    told = student.train_step.traced(calls=steps)(model, optimizer, token_ids, mask)
    after = model.get_weights()
    before, end = (loss_of(w, token_ids, mask) for w in (weights, after))
    expect.true(
        all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in told),
        "train_step should return two things: the loss and the norm of the gradients.",
    )
    expect.close(told[0][0], float(before), "the loss of the first step", rtol=1e-3)
    expect.true(
        bool(end < 0.05),
        f"After {steps} steps on one batch its loss is {end:.2f}; it should be below 0.05. It began "
        f"with {before:.2f}.",
    )


@points(1)
def test_evaluate_one_batch(student, reference, rng):
    """evaluate: loss, perplexity and accuracy of one batch, over its real labels."""
    weights = weights_of(rng, 3.0)
    token_ids = half_guessed(rng, weights, ANYWHERE)
    full = ids(rng, 1, 2), np.ones((1, 2), dtype=bool)
    model, right = model_with(student, weights), model_with(reference, weights)
    received = student.evaluate(model, [(token_ids, ANYWHERE)])
    single = student.evaluate(model, [full])
    expected = reference.evaluate(right, [(token_ids, ANYWHERE)])
    same_metrics(received, expected, " of a batch with padding")
    same_metrics(single, reference.evaluate(right, [full]), " of a batch with a single label")


@points(1)
@needs("test_evaluate_one_batch")
def test_evaluate_many_batches(student, reference, rng):
    """evaluate: every token counts the same, in batches of any size, from a list or a generator."""
    weights = weights_of(rng, 3.0)
    masks = [ANYWHERE, np.array([[1, 1, 0]], bool), np.arange(9) < np.array([[9], [5]])]
    batches = [(half_guessed(rng, weights, mask), mask) for mask in masks]
    model, right = model_with(student, weights), model_with(reference, weights)
    listed = student.evaluate(model, batches)
    generated = student.evaluate(model, student.make("iterator", batches[:2]))
    after = model.get_weights()
    again = student.evaluate(model, batches[:1])
    same_metrics(listed, reference.evaluate(right, batches), " of three batches")
    expected = reference.evaluate(right, batches[:2])
    same_metrics(generated, expected, " of two batches from a generator")
    expect.equal(after, weights, "the list of the model's weights after evaluate")
    expected = reference.evaluate(right, batches[:1])
    same_metrics(again, expected, " of one batch in a later call")
