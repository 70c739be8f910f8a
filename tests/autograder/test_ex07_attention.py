"""Checks of unit 7: the causal mask, a softmax that respects masks, and attention."""

import numpy as np

from coursekit.grading import expect, needs, normal, points


def mask_of(rng, *shape):
    """A random mask in which every row allows something and something is masked."""
    mask = rng.random(shape) < 0.5
    mask[..., 0] |= ~mask.any(axis=-1)
    mask[..., 1] &= ~mask.all(axis=-1)
    return mask


def same_attention(received, expected, when="", **tolerances):
    """Compares what `scaled_dot_product_attention` returned, the weights first."""
    expect.true(
        isinstance(received, list | tuple) and len(received) == 2,
        "scaled_dot_product_attention should return two things: the output and the weights.",
    )
    for place, name in ((1, "second result (weights)"), (0, "first result (output)")):
        expect.close(received[place], expected[place], f"{when}the {name}", **tolerances)


@points(1)
def test_square_mask(student, reference, rng):
    """As many queries as keys: each query sees its own position and those before it."""
    lengths = 4, 1, int(rng.integers(5, 9))
    received = [student.causal_mask(length, length) for length in lengths]
    for length, one in zip(lengths, received, strict=True):
        expected = reference.causal_mask(length, length)
        expect.equal(one, expected, f"the mask of {length} queries and {length} keys")


@points(1)
def test_rectangular_mask(student, reference, rng):
    """Fewer queries than keys: the last query sees every key. Lengths may be tensors."""
    sizes = (2, 5), (3, 4), (1, 6), (int(rng.integers(2, 5)), int(rng.integers(6, 9)))
    received = [student.causal_mask(*lengths) for lengths in sizes]
    for (queries, keys), one in zip(sizes, received, strict=True):
        what = f"the mask of {queries} queries and {keys} keys"
        expect.shape(one, (queries, keys), what)
        expect.true(
            bool(one[-1].all()),
            f"In {what} the last query should see every key, and does not.",
        )
        expect.equal(one, reference.causal_mask(queries, keys), what)
    lengths = np.array(3, dtype="int32"), np.array(5, dtype="int32")
    traced = student.causal_mask.traced()(*lengths)
    expect.equal(
        traced,
        reference.causal_mask(3, 5),
        "given the lengths as tensors inside tf.function, the mask",
    )


@points(1)
def test_softmax(student, reference, rng):
    """Without a mask: each row, the last axis, becomes positive weights with the sum one."""
    shapes = (3, 3, 3), (2, 3, 4, 5), (2, 3, 5), (4, 6), (1, 1)
    cases = [normal(rng, *shape, scale=2.0) for shape in shapes]
    received = [student.masked_softmax(scores, None) for scores in cases]
    for scores, one in zip(cases, received, strict=True):
        expected = reference.masked_softmax(scores, None)
        expect.close(one, expected, f"for scores of shape {scores.shape}, the weights")


@points(1)
def test_masked_softmax(student, reference, rng):
    """With a mask: masked scores have the weight zero and no influence on the others."""
    shapes = (
        ((2, 3, 5), (2, 3, 5)),
        ((3, 3, 4), (3, 4)),
        ((2, 3, 4, 5), (2, 1, 1, 5)),
        ((4, 6), (6,)),
    )
    cases = [(normal(rng, *size, scale=2.0), mask_of(rng, *masked)) for size, masked in shapes]
    everything = normal(rng, 2, 3, 5, scale=2.0), np.ones((2, 3, 5), dtype=bool)
    received = [student.masked_softmax(*case) for case in cases]
    unmasked = student.masked_softmax.numpy()(*everything)
    for (scores, mask), one in zip(cases, received, strict=True):
        what = f"for scores of shape {scores.shape} and a mask of shape {mask.shape}, the weights"
        expect.close(one, reference.masked_softmax(scores, mask), what)
        expect.true(
            bool((one[~np.broadcast_to(mask, scores.shape)] == 0).all()),
            "A masked weight is close to zero but not exactly zero.",
        )
    what = "for NumPy arrays and a mask that is True everywhere, the weights"
    expect.close(unmasked, reference.masked_softmax(*everything), what)


@points(1)
@needs("test_masked_softmax")
def test_nothing_allowed(student, reference, rng):
    """A row in which every score is masked: weights of zero, and gradients without NaN."""
    scores, mask = normal(rng, 2, 3, 4, scale=2.0), mask_of(rng, 2, 3, 4)
    mask[0, 1] = mask[1, 2] = False
    rows = np.array([[True], [False], [True]])
    mixed = student.masked_softmax(scores, mask)
    whole = student.masked_softmax(scores, rows)
    gradient = student.masked_softmax.gradients(wrt=(0,))(scores, mask).arguments[0]
    expect.close(
        mixed,
        reference.masked_softmax(scores, mask),
        "where some rows are masked completely, the weights",
    )
    expect.close(
        whole,
        reference.masked_softmax(scores, rows),
        "for a mask of shape (3, 1) that hides whole rows, the weights",
    )
    expected = reference.masked_softmax.gradients(wrt=(0,))(scores, mask).arguments[0]
    expect.close(
        gradient,
        expected,
        "where some rows are masked completely, the gradient with respect to the scores",
        rtol=1e-3,
    )


@points(1)
@needs("test_masked_softmax")
def test_large_scores(student, reference, rng):
    """Scores of 10,000 and -10,000, kept or masked, in float32 and in float16."""
    row = np.array([0, -1, -2, -8, -40], dtype="float32")
    levels = np.array([[1e4], [-1e4 + 40], [0], [300]], dtype="float32")
    near = levels + rng.permuted(np.tile(row, (4, 1)), axis=1)  # (4, 5)
    far = rng.permuted(np.tile(np.array([1e4, -1e4, 3, 2, 0], dtype="float32"), (4, 1)), axis=1)
    scores = np.stack([near, far])  # (2, 4, 5)
    high = np.array(
        [[0, 1e4, 2, 5e3, 1], [-1e4, 1e4, 0, -9999, -9999], [-1, 95, 1, 0, 0]], dtype="float32"
    )
    keep = np.array([[1, 0, 1, 0, 1], [1, 0, 0, 1, 1], [1, 0, 1, 1, 1]], dtype=bool)
    cases = [
        (given.astype(dtype), mask)
        for dtype in ("float32", "float16")
        for given, mask in ((scores, None), (high, keep))
    ]
    received = [student.masked_softmax(*case) for case in cases]
    for (given, mask), one in zip(cases, received, strict=True):
        masked = "" if mask is None else "some of them masked, "
        what = f"in {given.dtype}, for scores between -10,000 and 10,000, {masked}the weights"
        expect.close(one, reference.masked_softmax(given, mask), what, rtol=5e-3, atol=1e-3)


@points(1)
def test_attention(student, reference, rng):
    """Attention without a mask: in 2, 3 and 4 dimensions, S other than T, Hv other than H."""
    sizes = (
        ((3,), 4, 4, 6, 6),
        ((2,), 3, 5, 7, 2),
        ((), 4, 6, 3, 5),
        ((2, 3), 4, 5, 6, 7),
        ((1,), 1, 1, 2, 2),
    )
    cases = [
        (
            normal(rng, *front, queries, width),
            normal(rng, *front, keys, width),
            normal(rng, *front, keys, value_width),
        )
        for front, queries, keys, width, value_width in sizes
    ]
    received = [student.scaled_dot_product_attention(*case) for case in cases]
    for (query, key, value), one in zip(cases, received, strict=True):
        expected = reference.scaled_dot_product_attention(query, key, value)
        shapes = f"query {query.shape}, key {key.shape} and value {value.shape}"
        same_attention(one, expected, f"for {shapes}, ")


@points(1)
@needs("test_attention")
def test_attention_with_mask(student, reference, rng):
    """Attention with masks of several shapes, and with lengths unknown inside tf.function."""
    query, key, value = normal(rng, 2, 3, 4, 6), normal(rng, 2, 3, 5, 6), normal(rng, 2, 3, 5, 7)
    causal = np.tri(4, 5, 1, dtype=bool)
    padding = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], dtype=bool)[:, None, None, :]
    cases = [
        (query, key, value, mask)
        for mask in (causal, padding, causal & padding, mask_of(rng, 2, 3, 4, 5))
    ]
    three = query[0], key[0], value[0], mask_of(rng, 3, 1, 5)
    square = query[0], key[0, :, :4], value[0, :, :4], np.tri(4, dtype=bool)
    unknown = {place: (0, 1) for place in range(4)}
    received = [student.scaled_dot_product_attention(*case) for case in cases]
    arrays = student.scaled_dot_product_attention.numpy()(*three)
    traced = student.scaled_dot_product_attention.traced(dynamic=unknown)(*square)
    for case, one in zip(cases, received, strict=True):
        expected = reference.scaled_dot_product_attention(*case)
        shapes = f"a query {query.shape} and a mask {case[3].shape}"
        same_attention(one, expected, f"for {shapes}, ")
    expected = reference.scaled_dot_product_attention(*three)
    same_attention(arrays, expected, "for NumPy arrays, a query (3, 4, 6) and a mask (3, 1, 5), ")
    expected = reference.scaled_dot_product_attention(*square)
    same_attention(traced, expected, "inside tf.function, with lengths unknown while tracing, ")


@points(1)
@needs("test_attention")
def test_half_precision(student, reference, rng):
    """Attention in float16: float16 in, float16 out, also where a query may look at nothing."""
    query, key, value = (
        normal(rng, 2, length, width).astype("float16")
        for length, width in ((3, 6), (5, 6), (5, 4))
    )
    mask = mask_of(rng, 2, 3, 5)
    mask[1, 2] = False
    loosely = {"rtol": 2e-2, "atol": 1e-2}
    for chosen in (None, mask):
        received = student.scaled_dot_product_attention(query, key, value, chosen)
        expected = reference.scaled_dot_product_attention(query, key, value, chosen)
        masked = "without" if chosen is None else "with"
        same_attention(received, expected, f"in float16, {masked} a mask, ", **loosely)


@points(1)
@needs("test_attention")
def test_gradients(student, reference, rng):
    """Training: gradients reach query, key and value, and pass by what is masked."""
    query, key, value = normal(rng, 2, 4, 6), normal(rng, 2, 5, 6), normal(rng, 2, 5, 3)
    mask = mask_of(rng, 2, 4, 5)
    mask[0, 1] = False
    mask[:, :, 4] = False
    for result, name in ((0, "output"), (1, "weights")):
        wrt = (0, 1, 2) if result == 0 else (0, 1)
        function = student.scaled_dot_product_attention.gradients(wrt=wrt, output=result)
        received = function(query, key, value, mask).arguments
        right = reference.scaled_dot_product_attention.gradients(wrt=wrt, output=result)
        expected = right(query, key, value, mask).arguments
        for argument, one, other in zip(
            ("query", "key", "value"), received, expected, strict=False
        ):
            expect.true(
                one is not None,
                f"No gradient reaches {argument} from the {name}: on the way something stops the "
                "gradient or leaves TensorFlow.",
            )
            what = f"the gradient of the {name} with respect to {argument}"
            expect.close(one, other, what, rtol=1e-3, atol=1e-4)
