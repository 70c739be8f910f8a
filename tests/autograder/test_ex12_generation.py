"""Checks of unit 12: choosing a token, writing text, attention with a cache.

Chance is judged by what can never happen and by shares of many draws, six standard deviations wide. The
models are the course's own (coursekit/grading/worker/toys.py): a table, whose answers are known
beforehand, and a small model whose answers depend on all tokens before.
"""

import numpy as np

from coursekit.grading import expect, needs, normal, points, time_limit

PAD = 0
NEVER = -60.0  # a logit whose token is neither the largest nor ever drawn


def probabilities_of(rng, batch, vocabulary_size):
    """Rows with sum one, without ties, no value below 0.0005 and no two that are close."""
    while True:
        logits = normal(rng, batch, vocabulary_size, scale=1.5)
        rows = np.exp(logits - logits.max(-1, keepdims=True))
        rows = (rows / rows.sum(-1, keepdims=True)).astype(np.float32)
        if np.diff(np.sort(rows, axis=-1), prepend=0).min() > 5e-4:
            return rows


def between_the_sums(rng, rows):
    """A p that no row reaches within 0.002, and that rows reach after different numbers of tokens."""
    sums = np.cumsum(-np.sort(-rows, axis=-1), axis=-1)
    while True:
        p = rng.uniform(0.5, 0.9)
        if np.abs(sums - p).min() > 2e-3 and len(set((sums < p).sum(-1))) > 1:
            return float(p)


def table_of(rng, next_token, vocabulary_size):
    """Logits after each token, with the largest where `next_token` says, else anywhere."""
    table = normal(rng, vocabulary_size, vocabulary_size)
    for token, following in next_token.items():
        table[token, following] = 6
    return table


def model_with(party, weights):
    """The small model beside the code of `student` or `reference`, with these weights."""
    vocabulary_size, units = weights[0].shape
    model = party.make("NextTokenModel", vocabulary_size, units)
    model.build((None, None))
    model.set_weights(weights)
    return model


def model_weights(rng, vocabulary_size=12, units=10):
    """Weights of a small model whose texts do not soon repeat themselves."""
    return [
        normal(rng, vocabulary_size, units, scale=1.5),
        normal(rng, 2 * units, units, scale=1.2),
        normal(rng, units),
        normal(rng, units),
        normal(rng, units, vocabulary_size),
        np.asarray(2.0, np.float32),
    ]


def same_text(received, expected, what):
    """Compares ids: their shape, then row by row."""
    expect.shape(received, expected.shape, what)
    expect.true(received.dtype.kind in "iu", f"{what[:1].upper()}{what[1:]}: ids are integers.")
    for number, (one, other) in enumerate(zip(received.tolist(), expected.tolist(), strict=True)):
        expect.true(
            one == other,
            f"Row {number} of {what} should be {other}; received {one}.",
        )


def same_attention(received, expected, when=""):
    """Compares what `attend_with_cache` returned, one array after the other."""
    expect.true(
        isinstance(received, list | tuple)
        and len(received) == 2
        and isinstance(received[1], list | tuple)
        and len(received[1]) == 2,
        "attend_with_cache should return two things: the output, and a pair of the new keys and values.",
    )
    for name, one, other in zip(("keys", "values"), received[1], expected[1], strict=True):
        expect.close(one, other, f"the cache's {name}{when}")
    expect.close(received[0], expected[0], f"the output{when}")


def six_sigma(share, count):
    """How far the share of `count` draws may be from its expectation."""
    return 6 * float(np.sqrt(share * (1 - share) / count))


@points(1)
def test_probabilities(student, reference, rng):
    """Probabilities of the next token: the temperature divides the logits; no logit is too large."""
    logits, single = normal(rng, 4, 7, scale=3.0), normal(rng, 1, 3)
    wide = normal(rng, 4, 7, scale=5000.0)
    barred = np.where(rng.permuted(np.tile(np.arange(7), (4, 1)), axis=1) < 3, -np.inf, logits)
    cases = (
        ("with temperature 1", logits, 1.0),
        ("with temperature 0.4", logits, 0.4),
        ("with temperature 3", logits, 3.0),
        ("of one row", single, 2),
        ("of logits of 10000 and more", wide, 0.7),
        ("of logits of which some are -infinity", barred.astype(np.float32), 1.5),
    )
    received = [student.next_token_probabilities(row, t) for _, row, t in cases]
    arrays = student.next_token_probabilities.numpy()(logits, 0.4)
    expected = [reference.next_token_probabilities(row, t) for _, row, t in cases]
    for (when, _, _), one, other in zip(cases, received, expected, strict=True):
        expect.close(one, other, f"the probabilities {when}")
    expect.close(arrays, expected[1], "the probabilities of a NumPy array")


@points(1)
def test_top_k(student, reference, rng):
    """keep_top_k: exactly k tokens of each row, at their places, with sum one; the rest zero."""
    rows, ties = probabilities_of(rng, 5, 6), np.array([[1, 2, 2, 2, 1]] * 2) / 8
    ties[1] = 0.2
    ties = ties.astype(np.float32)
    cases = [(rows, k) for k in (1, 3, 6, 20)] + [(rows[:1], 2)] + [(ties, k) for k in (2, 4)]
    received = [student.keep_top_k(*case) for case in cases]
    arrays = student.keep_top_k.numpy()(rows, 3)
    expected = [reference.keep_top_k(*case) for case in cases]
    for (given, k), one, other in zip(cases, received, expected, strict=True):
        what = f"what keep_top_k leaves with k = {k} of {given.shape[1]} tokens"
        where = " where several have the same probability" if given is ties else ""
        expect.close(one, other, what + where)
    expect.close(arrays, expected[1], "what keep_top_k leaves of a NumPy array")


@points(1)
def test_top_p(student, reference, rng):
    """keep_top_p: the fewest tokens that reach p, with the one that crosses it, at their places."""
    rows = probabilities_of(rng, 5, 6)
    p = between_the_sums(rng, rows)
    exact = np.array([[1, 4, 1, 2, 0], [2, 2, 2, 2, 0]], np.float32) / 8
    cases = [
        *((rows, p, f"with p = {p:.3f}") for p in (p, 1e-3, 1.0)),
        (rows[:1], p, f"of one row with p = {p:.3f}"),
        *((exact, p, f"where sums can be exactly p = {p}") for p in (0.5, 0.75)),
        (exact, 0.51, "with p = 0.51, just above a sum"),
    ]
    received = [student.keep_top_p(given, p) for given, p, _ in cases]
    arrays = student.keep_top_p.numpy()(rows, p)
    expected = [reference.keep_top_p(given, p) for given, p, _ in cases]
    for (_, _, when), one, other in zip(cases, received, expected, strict=True):
        expect.close(one, other, f"what keep_top_p leaves {when}")
    expect.close(arrays, expected[0], "what keep_top_p leaves of a NumPy array")


@points(1)
def test_sample(student, rng):
    """sample: the right shares, each row by itself; one seed, one draw; never what has no probability."""
    count = 1500
    share = rng.permutation(np.array([0.5, 0.25, 0.15, 0.1, 0.0]))
    rows = np.tile(share.astype(np.float32), (count, 1))
    sparse = np.eye(5, dtype=np.float32)[rng.integers(0, 5, 40)] / 2
    sparse += np.eye(5, dtype=np.float32)[rng.integers(0, 5, 40)] / 2
    seed = int(rng.integers(1, 1000))
    first = student.sample(rows, seed)
    certain = student.sample.numpy()(sparse, seed)
    other = student.sample(rows, seed + 1)
    again = student.sample(rows, seed)
    coin = [student.sample(np.array([[0.5, 0.5]], np.float32), n) for n in range(20)]
    for draws, batch in ((first, count), (other, count), (certain, 40), (coin[0], 1)):
        expect.shape(draws, (batch,), "the draw")
        expect.true(draws.dtype.kind in "iu", "A draw should consist of ids, which are integers.")
        expect.true(
            bool(((draws >= 0) & (draws < 5)).all()), "A drawn id is outside the vocabulary."
        )
    expect.true(
        bool((share[first] > 0).all() and (sparse[np.arange(40), certain] > 0).all()),
        "A token of probability zero was drawn.",
    )
    for token, right in enumerate(share):
        received = float((first == token).mean())
        expect.true(
            abs(received - right) <= six_sigma(right, count),
            f"A token of probability {right:g} was drawn in {received:.1%} of {count} rows.",
        )
    alike = float((share**2).sum())
    expect.true(
        abs((first[::2] == first[1::2]).mean() - alike) <= six_sigma(alike, count // 2),
        "The draws of neighbouring rows depend on each other; each row should be drawn by itself.",
    )
    expect.equal(again, first, "the draw of a second call with the same seed")
    expect.true(
        abs((first == other).mean() - alike) <= six_sigma(alike, count),
        "Draws with two seeds are alike, or depend on each other: another seed should give another draw.",
    )
    expect.true(
        len({int(one[0]) for one in coin}) == 2,
        "A single row with two equally probable tokens gave the same one under 20 seeds.",
    )


@points(1)
def test_greedy(student, reference, rng):
    """generate: the largest logit at the last place, token by token, up to max_length in all."""
    order = 1 + rng.permutation(9)
    next_token = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    table, weights = table_of(rng, next_token, 11), model_weights(rng)
    prompt_ids = rng.integers(1, 10, size=(3, 2), dtype=np.int32)
    others = rng.integers(0, 12, size=(6, 3), dtype=np.int32)
    full, every, one = np.ones((3, 2), bool), np.ones((6, 3), bool), np.ones((1, 1), bool)
    tables = [party.make("TableModel", table) for party in (student, reference)]
    known = student.generate(tables[0], prompt_ids, full, 6, 10)
    arrays = student.generate.numpy()(tables[0], prompt_ids, full, max_length=3, stop_id=10)
    single = student.generate(tables[0], prompt_ids[:1, :1], one, 4, 10)
    nothing = student.generate(tables[0], prompt_ids, full, 2, 10)
    model, right = model_with(student, weights), model_with(reference, weights)
    long = student.generate(model, others, every, 9, 12)
    expected = reference.generate(tables[1], prompt_ids, full, 6, 10)
    same_text(known, expected, "the text after prompts of two tokens, max_length 6")
    same_text(arrays, expected[:, :3], "the text after prompts in NumPy arrays, max_length 3")
    same_text(nothing, prompt_ids, "the text where the prompts have max_length tokens already")
    expected = reference.generate(tables[1], prompt_ids[:1, :1], one, 4, 10)
    same_text(single, expected, "the text after one prompt of one token")
    expected = reference.generate(right, others, every, 9, 12)
    same_text(long, expected, "the text by a model whose answers depend on all tokens before")


@points(1)
@needs("test_greedy")
def test_ragged_prompts(student, reference, rng):
    """generate: prompts of different lengths, each continued directly after its own last token."""
    weights, lengths = model_weights(rng), rng.permutation([1, 2, 3, 4, 5, 5])
    prompt_ids = rng.integers(0, 12, size=(6, 5), dtype=np.int32)  # also where nothing is meant
    mask = np.arange(5) < lengths[:, None]
    prompt_ids[:, 0][lengths > 1] = PAD  # a token like any other
    model, right = model_with(student, weights), model_with(reference, weights)
    received = student.generate(model, prompt_ids, mask, 9, 12)
    tight = student.generate(model, prompt_ids, mask, 5, 12)
    short = int(lengths.argmin())
    alone = student.generate(model, prompt_ids[[short], :3], mask[[short], :3], 9, 12)
    expected = reference.generate(right, prompt_ids, mask, 9, 12)
    same_text(received, expected, f"the text after prompts of {lengths.tolist()} tokens")
    expected_tight = reference.generate(right, prompt_ids, mask, 5, 12)
    same_text(tight, expected_tight, "the text where the longest prompts have max_length tokens")
    same_text(alone, expected[[short]], "the text after the shortest prompt, given alone")


@points(1)
@needs("test_greedy")
def test_stopping(student, reference, rng):
    """generate: a row ends with its stop_id, PAD follows, and nobody is asked when all have ended."""
    a, b, c, d, e, f, stop = (int(token) for token in 1 + rng.permutation(7))
    table = table_of(rng, {a: b, b: stop, c: PAD, PAD: d, d: stop, e: f, f: e, stop: e}, 8)
    column = np.array([[a], [b], [c], [e], [d]], np.int32)
    ragged = np.array([[a, PAD, PAD], [b, f, a], [d, a, a]], np.int32)
    mask = np.array([[1, 0, 0], [1, 1, 1], [1, 0, 0]], dtype=bool)
    spoken = np.array([[stop, a], [e, stop]], np.int32)
    plain, right = student.make("TableModel", table), reference.make("TableModel", table)
    counting = student.make("TableModel", table, stop_id=stop)
    endless = student.generate(plain, column, np.ones((5, 1), bool), 6, stop)
    ended = student.generate(counting, column[:3], np.ones((3, 1), bool), 9, stop)
    uneven = student.generate(counting, ragged, mask, 7, stop)
    asked = counting.attribute("calls_after_stop")
    prompted = student.generate(plain, spoken, np.ones((2, 2), bool), 6, stop)
    expected = reference.generate(right, column, np.ones((5, 1), bool), 6, stop)
    same_text(endless, expected, f"the text where one row never writes the stop_id, {stop},")
    expected = reference.generate(right, column[:3], np.ones((3, 1), bool), 9, stop)
    same_text(ended, expected, f"the text where all rows write the stop_id, {stop},")
    expected = reference.generate(right, ragged, mask, 7, stop)
    same_text(uneven, expected, f"the text after prompts of 1, 3 and 1 tokens, stop_id {stop},")
    expect.true(
        asked == 0,
        f"next_logits was called {asked} times more after every row had written the stop_id.",
    )
    expected = reference.generate(right, spoken, np.ones((2, 2), bool), 6, stop)
    same_text(prompted, expected, f"the text after prompts that contain the stop_id, {stop},")


@points(1)
@time_limit(20)  # for those who write one row after the other
@needs("test_greedy", "test_sample")
def test_drawn_text(student, reference, rng):
    """generate: temperature, then top_k, then top_p, then a draw, anew for each row and step."""
    stop, count, length = 9, 24, 7
    rows = probabilities_of(rng, 10, 8)
    table = np.full((10, 10), NEVER, np.float32)
    table[:, :8] = np.log(rows)
    level = np.where(table > NEVER / 2, np.float32(0), table)
    prompts, full = rng.integers(0, 8, size=(count, 1), dtype=np.int32), np.ones((count, 1), bool)
    seed, p = int(rng.integers(1000)), between_the_sums(rng, rows)
    model, even = student.make("TableModel", table), student.make("TableModel", level)
    cold = student.generate(model, prompts, full, length, stop, temperature=0.001, seed=seed)
    few = student.generate(model, prompts, full, length, stop, 1.0, top_k=2, seed=seed)
    nucleus = student.generate(model, prompts, full, length, stop, 1.0, top_p=p, seed=seed)
    free, other = (
        student.generate(even, prompts, full, length, stop, 1.0, None, None, s)
        for s in (seed, seed + 50)
    )
    again = student.generate(even, prompts, full, length, stop, temperature=1.0, seed=seed)

    # After every token: 0.4, 0.3, 0.2 and 0.1; at temperature 0.5 the first has 0.53.
    steps = np.full((10, 10), NEVER, np.float32)
    steps[:, 1:5] = np.log([0.4, 0.3, 0.2, 0.1])
    staged = student.make("TableModel", steps)
    zeros, ones = np.zeros((20, 1), np.int32), np.ones((20, 1), bool)
    many, all_of_them = np.zeros((300, 1), np.int32), np.ones((300, 1), bool)
    both = student.generate(staged, zeros, ones, 3, stop, 1.0, top_k=2, top_p=0.55, seed=seed)
    sharp = student.generate(staged, zeros, ones, 3, stop, 0.5, top_p=0.5, seed=seed)
    steps = np.full((10, 10), NEVER, np.float32)
    steps[:, [2, 6]] = [6.0, 0.0]
    pair = student.make("TableModel", steps)
    warm = student.generate(pair, many, all_of_them, 2, stop, temperature=4.0)

    right = reference.make("TableModel", table)
    expected = reference.generate(right, prompts, full, length, stop)
    same_text(cold, expected, "the text at temperature 0.001, where only the best token is left,")
    for text in (few, nucleus, free, other, again):
        expect.shape(text, (count, length), "the text")
        expect.equal(text[:, :1], prompts, "the prompt in the text")
        expect.true(
            bool(((text >= 0) & (text < 8)).all()),
            "The text contains a token whose probability is practically zero.",
        )
    ranks = np.argsort(np.argsort(-rows, axis=-1), axis=-1)
    drawn = ranks[few[:, :-1], few[:, 1:]]
    expect.true(
        bool((drawn < 2).all()),
        "With top_k=2 the text contains tokens that are not among the two most probable ones.",
    )
    expect.true(
        bool((drawn == 1).any() and (drawn == 0).any()),
        "With top_k=2 the text consists of only the most or only the second most probable tokens.",
    )
    before = np.take_along_axis(
        np.cumsum(-np.sort(-rows, axis=-1), axis=-1) + np.sort(-rows, axis=-1), ranks, axis=-1
    )
    expect.true(
        bool((before[nucleus[:, :-1], nucleus[:, 1:]] < p).all()),
        f"With top_p={p:.3f} the text contains tokens that do not belong to the most probable ones "
        "that reach it.",
    )
    expect.equal(again, free, "the text of a second call with the same seed")
    expect.true(
        bool((free != other).any()), "Two seeds gave the same text; another seed, another text."
    )
    limit = 1 / 8 + six_sigma(1 / 8, count * (length - 2))
    expect.true(
        (free[:, 1:-1] == free[:, 2:]).mean() < limit,
        "The draws of a row's steps repeat each other: each step should draw anew, with a seed of its own.",
    )
    expect.true(
        (free[1:, 1:] == free[:-1, 1:]).mean() < limit,
        "The draws of the rows repeat each other: each row should draw for itself.",
    )
    expect.true(
        bool((both[:, 1:] == 1).all()),
        "With top_k=2 and top_p=0.55 two tokens are left of 0.4, 0.3, 0.2 and 0.1. What is left has to be "
        "divided by its sum before top_p, which then keeps the first one alone.",
    )
    expect.true(
        bool((sharp[:, 1:] == 1).all()),
        "With temperature 0.5 and top_p=0.5 only the most probable of 0.4, 0.3, 0.2 and 0.1 is left: the "
        "temperature comes first, and makes it more probable than 0.5.",
    )
    expect.shape(warm, (300, 2), "the text")
    share, hoped = float((warm[:, 1] == 2).mean()), float(1 / (1 + np.exp(-1.5)))
    expect.true(
        abs(share - hoped) < six_sigma(hoped, 300),
        f"With temperature 4, of two tokens whose logits are 6 and 0 the first should be drawn about "
        f"{hoped:.0%} of the time; here {share:.0%}.",
    )


@points(1)
def test_cache_prefill(student, reference, rng):
    """attend_with_cache: a prompt is read into an empty cache, causally."""
    query, key, value = normal(rng, 2, 3, 4, 5), normal(rng, 2, 3, 4, 5), normal(rng, 2, 3, 4, 2)
    cache = 30 * normal(rng, 2, 3, 6, 5), 30 * normal(rng, 2, 3, 6, 2)  # left from somewhere
    tiny = [normal(rng, 1, 1, 1, 3) for _ in range(3)]
    tiny_cache = normal(rng, 1, 1, 1, 3), normal(rng, 1, 1, 1, 3)
    cases = (
        ("", (query, key, value, cache, 0)),
        (" with large scores", (40 * query, key, value, cache, 0)),
        (" where the cache is filled entirely", (*tiny, tiny_cache, 0)),
    )
    received = [student.attend_with_cache(*arguments) for _, arguments in cases]
    later = 1 + key[:, :, 2:], 1 + value[:, :, 2:]
    changed = [
        np.concatenate([one[:, :, :2], two], axis=2)
        for one, two in zip((key, value), later, strict=True)
    ]
    causal = student.attend_with_cache(query, *changed, cache, 0)
    expected = [reference.attend_with_cache(*arguments) for _, arguments in cases]
    for (when, _), one, other in zip(cases, received, expected, strict=True):
        same_attention(one, other, when)
    expect.close(
        causal[0][:, :, :2],
        expected[0][0][:, :, :2],
        "the output of the first two tokens when only later keys and values change",
    )


@points(1)
@needs("test_cache_prefill")
def test_cache_steps(student, reference, rng):
    """attend_with_cache: steps give what the whole sequence gives; the index may be a tensor."""
    query, key, value = normal(rng, 2, 3, 6, 5), normal(rng, 2, 3, 6, 5), normal(rng, 2, 3, 6, 2)
    begun = normal(rng, 2, 3, 8, 5), normal(rng, 2, 3, 8, 2)
    parts = ((0, 3), (3, 4), (4, 6))

    def new(start, stop):
        return query[:, :, start:stop], key[:, :, start:stop], value[:, :, start:stop]

    cache, outputs = begun, []
    for start, stop in parts:
        output, cache = student.attend_with_cache(*new(start, stop), cache, start)
        outputs.append(output)
    one, two = np.asarray(4, np.int32), np.asarray(5, np.int32)
    arrays = student.attend_with_cache.numpy()(*new(0, 1), begun, 4)
    tensor = student.attend_with_cache(*new(0, 2), begun, two)
    traced = student.attend_with_cache.traced()(*new(0, 3), begun, one)
    expected = reference.attend_with_cache(*new(0, 6), begun, 0)
    for (start, stop), output in zip(parts, outputs, strict=True):
        what = f"the output of tokens {start} to {stop - 1}, read after the tokens before,"
        expect.close(output, expected[0][:, :, start:stop], what)
    same_attention((expected[0], cache), expected, " after three calls")
    same_attention(arrays, reference.attend_with_cache(*new(0, 1), begun, 4), ", given arrays,")
    same_attention(
        tensor,
        reference.attend_with_cache(*new(0, 2), begun, two),
        ", given an index that is a tensor,",
    )
    same_attention(
        traced, reference.attend_with_cache(*new(0, 3), begun, one), ", inside tf.function,"
    )
