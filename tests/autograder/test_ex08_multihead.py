"""Checks of unit 8: splitting and merging heads, and masked attention in several heads."""

import numpy as np

from coursekit.grading import expect, needs, normal, points

NAMES = tuple(
    f"{product}_{part}"
    for product in ("query", "key", "value", "output")
    for part in ("kernel", "bias")
)
PADDED = np.array(
    [
        [1, 1, 1, 0, 0],
        [0, 0, 1, 1, 1],
        [1, 1, 1, 1, 1],
        [1, 0, 1, 0, 1],
        [0, 0, 0, 0, 0],
    ],
    dtype=bool,
)


def weights_of(rng, hidden_dim=6, num_heads=3, key_dim=4, use_bias=True):
    """Kernels and biases in the order of the layer: all random, none zero."""
    inner_dim = num_heads * key_dim
    shapes = [(hidden_dim, inner_dim)] * 3 + [(inner_dim, hidden_dim)]
    weights = []
    for rows, columns in shapes:
        weights.append(normal(rng, rows, columns, scale=0.6))
        if use_bias:
            weights.append(normal(rng, columns, scale=0.6))
    return weights


def layer_with(party, weights, num_heads=3, key_dim=4, **options):
    """A built layer of `student` or `reference` that holds these weights."""
    layer = party.MaskedMultiHeadAttention(num_heads, key_dim, **options)
    layer.build((None, None, weights[0].shape[0]))
    layer.set_weights(weights)
    return layer


def both_with(student, reference, *arguments, **options):
    """The student's layer and the reference's, with the same weights."""
    return [layer_with(party, *arguments, **options) for party in (student, reference)]


def same_where_real(received, expected, padding_mask, when, **tolerances):
    """Compares outputs (B, T, D) of real tokens; those of padding must only be finite."""
    what = f"{when}the outputs"
    expect.shape(received, expected.shape, what)
    expect.finite(received, what)
    real = padding_mask[..., None]
    shown = np.where(real, received, 0).astype(received.dtype)
    wanted = np.where(real, expected, 0).astype(expected.dtype)
    expect.close(shown, wanted, f"{what} of real tokens", **tolerances)


@points(1)
def test_split_heads(student, reference, rng):
    """split_heads: each head gets its part of every token, and heads stand beside the batch."""
    sizes = (2, 4, 4, 3), (3, 5, 2, 3), (1, 1, 3, 2), (2, 3, 1, 4), (2, 4, 5, 1)
    cases = [
        (normal(rng, batch, length, heads * width), heads) for batch, length, heads, width in sizes
    ]
    received = [student.split_heads(*case) for case in cases]
    for (x, heads), one in zip(cases, received, strict=True):
        what = f"for x of shape {x.shape} and {heads} heads, the result"
        expect.close(one, reference.split_heads(x, heads), what)


@points(1)
def test_merge_heads(student, reference, rng):
    """merge_heads: the heads of each token stand side by side again."""
    shapes = (2, 4, 4, 3), (3, 2, 5, 3), (1, 3, 1, 2), (2, 1, 3, 4), (2, 5, 4, 1)
    cases = [normal(rng, *shape) for shape in shapes]
    received = [student.merge_heads(x) for x in cases]
    for x, one in zip(cases, received, strict=True):
        expect.close(one, reference.merge_heads(x), f"for x of shape {x.shape}, the result")


@points(1)
def test_output(student, reference, rng):
    """Without masks: every token looks at all tokens, in every head, with weights of its own."""
    usual, even, bare = (
        weights_of(rng),
        weights_of(rng, 6, 2, 3),
        weights_of(rng, 5, 2, 2, use_bias=False),
    )
    inputs, other, narrow = normal(rng, 2, 5, 6), normal(rng, 3, 3, 6), normal(rng, 2, 4, 5)
    order = rng.permutation(5)
    layer, right = both_with(student, reference, usual)
    second, second_right = both_with(student, reference, even, 2, 3)
    third, third_right = both_with(student, reference, bare, 2, 2, use_bias=False)
    received = layer(inputs, use_causal_mask=False)
    again = layer(inputs, use_causal_mask=False)
    permuted = layer(inputs[:, order], use_causal_mask=False)
    from_second = second(other, use_causal_mask=False, training=True)
    from_third = third(narrow, use_causal_mask=False)
    expected = right(inputs, use_causal_mask=False)
    expect.close(received, expected, "for 3 heads of 4 and tokens of 6 numbers, the outputs")
    expect.close(again, expected, "when the same call is repeated, the outputs")
    expect.close(
        permuted,
        expected[:, order],
        "when the tokens come in another order, the outputs, which should follow them,",
    )
    expect.close(
        from_second,
        second_right(other, use_causal_mask=False),
        "for 2 heads of 3 and tokens of 6 numbers, in training without dropout, the outputs",
    )
    expect.close(
        from_third,
        third_right(narrow, use_causal_mask=False),
        "for 2 heads of 2 and tokens of 5 numbers, with use_bias=False, the outputs",
    )


@points(1)
@needs("test_output")
def test_causality(student, reference, rng):
    """The causal mask, on unless switched off: no token's output depends on what comes later."""
    layer, right = both_with(student, reference, weights_of(rng))
    inputs, single = normal(rng, 2, 5, 6), normal(rng, 1, 1, 6)
    place = int(rng.integers(2, 5))
    changed = inputs.copy()
    changed[:, place:] = normal(rng, 2, 5 - place, 6)
    received = layer(inputs)
    after = layer(changed)
    told = layer(inputs, use_causal_mask=True)
    trained = layer(inputs, training=True)
    alone = layer(single)
    expect.shape(received, (2, 5, 6), "the outputs")
    expect.shape(after, (2, 5, 6), "the outputs")
    expect.close(
        after[:, :place],
        received[:, :place],
        f"when only the tokens from {place} on are changed, the outputs before token {place}",
    )
    expected = right(inputs)
    expect.close(received, expected, "when use_causal_mask is not mentioned, the outputs")
    expect.close(told, expected, "with use_causal_mask=True, the outputs")
    expect.close(trained, expected, "in training, the outputs")
    expect.close(alone, right(single), "for one sequence of one token, the output")


@points(1)
@needs("test_output")
def test_padding(student, reference, rng):
    """The padding mask: no real token sees padding, with and without the causal mask."""
    layer, right = both_with(student, reference, weights_of(rng))
    inputs = normal(rng, 5, 5, 6)
    noise = np.where(PADDED[..., None], inputs, 10 * normal(rng, 5, 5, 6)).astype("float32")
    everything = np.ones((5, 5), dtype=bool)
    received = layer(inputs, padding_mask=PADDED)
    changed = layer(noise, padding_mask=PADDED)
    sideways = layer(inputs, padding_mask=PADDED, use_causal_mask=False)
    full = layer(inputs, padding_mask=everything)
    expected = right(inputs, padding_mask=PADDED)
    same_where_real(
        sideways,
        right(inputs, padding_mask=PADDED, use_causal_mask=False),
        PADDED,
        "with a padding mask and use_causal_mask=False, ",
    )
    same_where_real(received, expected, PADDED, "with a padding mask and the causal mask, ")
    same_where_real(changed, expected, PADDED, "when only the padding is changed, ")
    expected = right(inputs, padding_mask=everything)
    expect.close(full, expected, "with a padding mask that is True everywhere, the outputs")


@points(1)
def test_attention_scores(student, reference, rng):
    """Attention scores on request: (outputs, scores), the weights of each head by itself."""
    layer, right = both_with(student, reference, weights_of(rng))
    inputs = normal(rng, 5, 5, 6)
    options = {}, {"use_causal_mask": False}, {"padding_mask": PADDED}
    received = [layer(inputs, return_attention_scores=True, **chosen) for chosen in options]
    without = layer(inputs, return_attention_scores=False)
    for chosen, one in zip(options, received, strict=True):
        expect.true(
            isinstance(one, list | tuple) and len(one) == 2,
            "With return_attention_scores=True two things should come back: the outputs and the "
            "attention scores.",
        )
        outputs, scores = one
        _, expected = right(inputs, return_attention_scores=True, **chosen)
        expect.shape(outputs, (5, 5, 6), "the first result (outputs)")
        expect.shape(scores, expected.shape, "the second result (scores)")
        if "padding_mask" in chosen:
            real = PADDED[:, None, :, None]  # of the tokens that look
            expect.finite(scores, "the second result (scores)")
            scores = np.where(real, scores, 0).astype(scores.dtype)
            expected = np.where(real, expected, 0).astype(expected.dtype)
        how = ", ".join(chosen) or "the causal mask"
        expect.close(scores, expected, f"with {how}, the second result (scores)")
    expect.shape(without, (5, 5, 6), "without return_attention_scores, the outputs alone")


@points(1)
@needs("test_output")
def test_dropout(student, reference, rng):
    """Dropout: single attention weights, in training only, different ones every time."""
    rate, batch, length, heads = 0.4, 24, 4, 2
    basis, mixing = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (length, heads * length))
    weights = weights_of(rng, 8, heads, length)
    weights[4] = np.tile(np.eye(8, length) @ basis, heads).astype("float32")
    weights[5] = np.zeros(8, dtype="float32")
    weights[6] = mixing.astype("float32")
    inputs = np.tile(np.eye(length, 8, dtype="float32"), (batch, 1, 1))
    arguments = weights, heads, length
    layer, right = both_with(student, reference, *arguments, dropout=rate)
    calm = layer(inputs, use_causal_mask=False)
    off = layer(inputs, use_causal_mask=False, training=False)
    on = [layer(inputs, use_causal_mask=False, training=True) for _ in range(2)]
    expected, scores = right(inputs, use_causal_mask=False, return_attention_scores=True)
    expect.close(calm, expected, "when training is not mentioned, the outputs")
    expect.close(off, expected, "with training=False, the outputs")
    for one in on:
        expect.shape(one, expected.shape, "with training=True, the outputs")
        expect.finite(one, "with training=True, the outputs")
    # The values are an orthogonal basis and so is the output kernel: the weights can be read back.
    seen = [((one - weights[7]) @ mixing.T).reshape(-1, length, heads, length) for one in on]
    seen = [np.swapaxes(one @ basis.T, 1, 2) for one in seen]  # (B, N, T, T)
    expect.true(
        not np.allclose(seen[0], scores, atol=1e-3),
        f"With dropout={rate} and training=True nothing is dropped.",
    )
    dropped = [np.abs(one) < 1e-4 for one in seen]
    kept = [np.abs(one - scores / (1 - rate)) < 1e-3 for one in seen]
    expect.true(
        all((a | b).all() for a, b in zip(dropped, kept, strict=True)),
        "In training each attention weight should be either zero or scaled up by 1 / (1 - rate), "
        "just before the weights multiply the values. The outputs do not come from such weights: is "
        "dropout applied to something else, in another place, or twice?",
    )
    share = float(np.mean(dropped))
    expect.true(
        abs(share - rate) < 0.15,
        f"With dropout={rate} a share of {share:.2f} of the attention weights is dropped.",
    )
    for axis, name in enumerate(("sequence", "head", "query")):
        first = np.take(dropped[0], [0], axis=axis)
        expect.true(
            bool((dropped[0] != first).any()),
            f"The same weights are dropped for every {name}. Each weight is dropped by itself.",
        )
    expect.true(
        bool((dropped[0] != dropped[1]).any()),
        "Two calls in training drop the same weights. Each call should draw anew.",
    )


@points(1)
@needs("test_output")
def test_gradients(student, reference, rng):
    """Training: gradients reach the inputs and every weight, and padding brings no NaN."""
    layer, right = both_with(student, reference, weights_of(rng))
    inputs, padded = normal(rng, 2, 4, 6), normal(rng, 5, 5, 6)
    received = layer.gradients(wrt=(0,))(inputs)
    with_padding = layer.gradients(wrt=(0,))(padded, padding_mask=PADDED)
    expected = right.gradients(wrt=(0,))(inputs)
    expect.true(
        len(received.weights) == len(NAMES),
        f"The layer should have {len(NAMES)} weights, as the stub creates them.",
    )
    for name, one, other in zip(
        ("inputs", *NAMES),
        [*received.arguments, *received.weights],
        [*expected.arguments, *expected.weights],
        strict=True,
    ):
        expect.true(
            one is not None,
            f"No gradient reaches {name}: it takes no part in the outputs, or on the way something "
            "stops the gradient or leaves TensorFlow.",
        )
        expect.close(one, other, f"the gradient with respect to {name}", rtol=1e-3, atol=2e-4)
    for name, one in zip(
        ("inputs", *NAMES), [*with_padding.arguments, *with_padding.weights], strict=True
    ):
        expect.finite(one, f"with a padding mask, the gradient with respect to {name}")


@points(1)
@needs("test_output")
def test_unknown_lengths(student, reference, rng):
    """Inside tf.function, with a batch and a length that are unknown while it is traced."""
    layer, right = both_with(student, reference, weights_of(rng))
    inputs, mask = normal(rng, 5, 5, 6), PADDED
    unknown = {0: (0, 1), "padding_mask": (0, 1)}
    received = layer.traced(dynamic=unknown)(inputs, padding_mask=mask)
    expected = right(inputs, padding_mask=mask)
    same_where_real(received, expected, mask, "inside tf.function, ")


@points(1)
@needs("test_output")
def test_half_precision(student, reference, rng):
    """Mixed precision: float16 outputs near the float32 ones, and never NaN."""
    weights, inputs = weights_of(rng), normal(rng, 5, 5, 6)
    layer, right = both_with(student, reference, weights, dtype="mixed_float16")
    received = layer(inputs)
    padded = layer(inputs, padding_mask=PADDED)
    when = 'with dtype="mixed_float16", '
    loosely = {"rtol": 3e-2, "atol": 3e-2}
    expect.close(received, right(inputs), f"{when}the outputs", **loosely)
    expected = right(inputs, padding_mask=PADDED)
    same_where_real(padded, expected, PADDED, f"{when}and a padding mask, ", **loosely)
