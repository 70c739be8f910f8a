"""Checks of unit 9: the feed-forward network, the decoder block in both forms, blocks in a row.

The student's layers and the reference's get the same random weights, those of norms and biases too.
The attention inside is the course's in both.
"""

import numpy as np

from coursekit.grading import expect, needs, normal, points

D, HEADS, F = 8, 2, 12
# Padding at the end is hidden by the causal mask already; elsewhere only the padding mask hides it.
AT_THE_END = np.arange(5) < np.array([5, 3, 1])[:, None]
ANYWHERE = np.array([[1, 0, 0, 1, 1], [0, 0, 1, 1, 1], [0, 1, 0, 1, 0]], dtype=bool)
GRAPH = {0: (0, 1), "padding_mask": (0, 1)}  # B and T are not known
# Either form of gelu is right; they differ by less than 5e-4 at any place.
GELU = {"rtol": 1e-3, "atol": 4e-3}


def random_weights(rng, right, scale=0.5):
    """A random array for each weight; what scales a norm stays near one."""
    return [
        normal(rng, *info.shape, scale=scale) + np.float32(info.name.endswith("gamma"))
        for info in right.weights_info()
    ]


def same_parts(layer, right, name):
    """The weights of the student's layer are those of the given parts, in their order."""
    received = [info.shape for info in layer.weights_info()]
    expected = [info.shape for info in right.weights_info()]
    expect.true(
        received == expected,
        f"{name} should have the {len(expected)} weights that the given `__init__` and `build` make, of "
        f"the shapes {expected}. It has {len(received)}, of the shapes {received}.",
    )


def feed_forwards(student, reference, rng, intermediate_dim=F, width=D, **options):
    """The student's FeedForward and the right one, with the same random weights."""
    layers = [party.FeedForward(intermediate_dim, **options) for party in (student, reference)]
    return with_weights(layers, (None, None, width), rng, "FeedForward")


def blocks_of(student, reference, rng, **options):
    """The student's block and the right one, with the same random weights."""
    blocks = [party.DecoderBlock(HEADS, F, **options) for party in (student, reference)]
    return with_weights(blocks, (None, None, D), rng, "The block")


def with_weights(layers, shape, rng, name):
    """Builds a pair of layers and gives both the same weights."""
    for layer in layers:
        layer.build(shape)
    same_parts(*layers, name)
    weights = random_weights(rng, layers[1])
    for layer in layers:
        layer.set_weights(weights)
    return layers


def same_gradients(received, expected, names, what):
    """Every gradient arrives and is the right one."""
    found = [*received.arguments, *received.weights]
    right = [*expected.arguments, *expected.weights]
    for name, one, other in zip(["the inputs", *names], found, right, strict=True):
        expect.true(
            one is not None,
            f"No gradient reaches {name} of {what}: is that part used, and is everything on the way made "
            "of TensorFlow's operations?",
        )
        expect.close(one, other, f"the gradient of {name} of {what}", rtol=1e-2, atol=3e-2)


def names_of(layer):
    """The names of a layer's weights, without the layer's own."""
    return [info.name.partition("/")[2] for info in layer.weights_info()]


@points(2)
def test_feed_forward(student, reference, rng):
    """FeedForward: two products with gelu between them, position by position."""
    layer, right = feed_forwards(student, reference, rng)
    small, right_small = feed_forwards(student, reference, rng, 7, 3)
    usual, single = normal(rng, 3, 5, D, scale=2.0), normal(rng, 1, 1, 3)
    received = [layer(usual), small(single), layer(usual[:, ::-1])]
    alone = layer(usual[:, 1:2])
    expect.close(received[0], right(usual), "the outputs of FeedForward", **GELU)
    expect.close(
        received[1], right_small(single), "the outputs of FeedForward for a single token", **GELU
    )
    expect.close(
        received[2], right(usual[:, ::-1]), "the outputs of FeedForward in a second call", **GELU
    )
    expect.close(
        alone,
        received[0][:, 1:2],
        "the outputs of FeedForward for a position that stands alone in its sequence",
    )


@points(1)
@needs("test_feed_forward")
def test_feed_forward_training(student, reference, rng):
    """FeedForward: a gradient for every weight, and half precision."""
    layer, right = feed_forwards(student, reference, rng)
    half, right_half = feed_forwards(student, reference, rng, dtype="mixed_float16")
    inputs = normal(rng, 3, 4, D)
    received = layer.gradients(wrt=(0,))(inputs)
    mixed = half(inputs)
    expected = right.gradients(wrt=(0,))(inputs)
    same_gradients(received, expected, names_of(right), "FeedForward")
    what = 'the outputs of FeedForward with dtype="mixed_float16"'
    expect.close(mixed, right_half(inputs), what, rtol=3e-2, atol=5e-2)


@points(2)
def test_pre_norm(student, reference, rng):
    """normalize_first=True, the default: norm, sub-layer, sum; twice."""
    block, right = blocks_of(student, reference, rng)
    inputs, short = 3 * normal(rng, 2, 5, D) + 2, normal(rng, 1, 1, D)
    received, second = block(inputs), block(short)
    what = "the outputs of a pre-norm block"
    expect.close(received, right(inputs), what, **GELU)
    expect.close(second, right(short), f"{what} for a single token", **GELU)
    named, right_named = blocks_of(student, reference, rng, normalize_first=True)
    expect.close(named(inputs), right_named(inputs), f"{what}, asked for by name", **GELU)


@points(1)
def test_post_norm(student, reference, rng):
    """normalize_first=False: sub-layer, sum, norm; twice."""
    block, right = blocks_of(student, reference, rng, normalize_first=False)
    inputs, short = 3 * normal(rng, 2, 5, D) + 2, normal(rng, 1, 1, D)
    received, second = block(inputs), block(short)
    what = "the outputs of a post-norm block"
    expect.close(received, right(inputs), what, **GELU)
    expect.close(second, right(short), f"{what} for a single token", **GELU)


@points(1)
def test_masks(student, reference, rng):
    """Masks: no real token sees padding or a later token, in both forms, inside tf.function too."""
    inputs = normal(rng, 3, 5, D)
    other = np.where(ANYWHERE[..., None], inputs, normal(rng, 3, 5, D, scale=3.0))
    later = np.concatenate([inputs[:, :3], normal(rng, 3, 2, D, scale=3.0)], axis=1)
    for first, form in ((True, "pre-norm"), (False, "post-norm")):
        block, right = blocks_of(student, reference, rng, normalize_first=first)
        plain, changed = block(inputs), block(later)
        padded, replaced = block(inputs, padding_mask=ANYWHERE), block(other, ANYWHERE)
        at_the_end = block(inputs, padding_mask=AT_THE_END)
        what = f"the outputs of a {form} block"
        for received in (plain, changed, padded, replaced, at_the_end):
            expect.shape(received, inputs.shape, what)
        moved = np.abs(changed - plain).max(axis=(0, 2)) > 1e-4  # (T,)
        expect.true(
            not moved[:3].any(),
            f"In a {form} block the output of position {moved.argmax()} changes when only the inputs of "
            "positions 3 and 4 do: a token must not see later ones.",
        )
        expect.true(
            np.abs(replaced - padded)[ANYWHERE].max() < 1e-4,
            f"In a {form} block the outputs of real tokens change when only the inputs at padding do: no "
            "real token should see padding.",
        )
        for received, mask, where in (
            (padded, ANYWHERE, "with padding at the start and in the middle"),
            (at_the_end, AT_THE_END, "with padding at the end"),
        ):
            expected = right(inputs, padding_mask=mask)
            expect.close(received[mask], expected[mask], f"{what} {where}", **GELU)
        if first:
            graph = block.traced(dynamic=GRAPH)(inputs, padding_mask=ANYWHERE)
            expect.shape(graph, inputs.shape, f"{what} inside tf.function")
            expect.close(graph[ANYWHERE], padded[ANYWHERE], f"{what} inside tf.function")


@points(1)
@needs("test_pre_norm", "test_post_norm")
def test_dropout(student, reference, rng):
    """Dropout: on what each sub-layer gives, before the sum, in training and only then."""
    inputs = normal(rng, 8, 16, D)
    for first, form in ((True, "pre-norm"), (False, "post-norm")):
        block, right = blocks_of(student, reference, rng, dropout=0.5, normalize_first=first)
        names = names_of(right)
        places = {
            part: next(place for place, name in enumerate(names) if name.endswith(name_of_bias))
            for part, name_of_bias in (
                ("attention", "attention/output_bias"),
                ("feed-forward network", "feed_forward/bias_out"),
            )
        }
        # Every product is zero: a sub-layer gives nothing but its last bias.
        silent = [
            np.full(info.shape, info.name.endswith("gamma"), np.float32)
            for info in right.weights_info()
        ]
        expect.finite(block(inputs, training=True), f"the outputs of a {form} block in training")
        block.set_weights(silent)
        quiet = block(inputs), block(inputs, training=True)
        expect.close(
            quiet[1],
            quiet[0],
            f"the outputs of a {form} block in training, with sub-layers that give nothing but zeros "
            "(there is nothing to drop: dropout acts on what a sub-layer gives, and on nothing else)",
        )
        for part, place in places.items():
            weights = [array.copy() for array in silent]
            # Not the same number everywhere: a norm would take it away.
            weights[place][:] = 1 + np.arange(D)
            block.set_weights(weights)
            right.set_weights(weights)
            found = [block(inputs, training=True) for _ in range(2)]
            still = block(inputs), block(inputs, training=False)
            expect.far(
                *found,
                "two calls in training",
                f"With dropout=0.5 and training=True a {form} block drops nothing of what the {part} "
                "gives, or always the same.",
            )
            expected = right(inputs)
            what = f"the outputs of a {form} block with dropout=0.5"
            expect.close(still[0], expected, f"{what}, without training")
            expect.close(still[1], expected, f"{what} and training=False")
            if not first:
                continue
            added = (found[0] - inputs) / weights[place]
            dropped, doubled = np.abs(added) < 1e-4, np.abs(added - 2) < 1e-4
            expect.true(
                bool((dropped | doubled).all()),
                "With dropout=0.5 in training each number that a sub-layer gives should be either 0 or "
                f"doubled before it is added; of what the {part} gives something else is added.",
            )
            expect.true(
                0.3 < doubled.mean() < 0.7,
                f"With dropout=0.5 in training about half of the numbers that the {part} gives should be "
                f"dropped; here {dropped.mean():.0%} are.",
            )


@points(1)
@needs("test_pre_norm", "test_post_norm")
def test_block_training(student, reference, rng):
    """The block in training: a gradient for every weight in both forms, and half precision."""
    inputs = normal(rng, 2, 4, D)
    for first, form in ((True, "pre-norm"), (False, "post-norm")):
        block, right = blocks_of(student, reference, rng, normalize_first=first)
        received = block.gradients(wrt=(0,))(inputs)
        expected = right.gradients(wrt=(0,))(inputs)
        same_gradients(received, expected, names_of(right), f"a {form} block")
    half, right = blocks_of(student, reference, rng, dtype="mixed_float16")
    what = 'the outputs of a block with dtype="mixed_float16"'
    expect.close(half(inputs), right(inputs), what, rtol=5e-2, atol=0.1)


@points(1)
@needs("test_pre_norm")
def test_run_blocks(student, reference, rng):
    """run_blocks: one block after the other, the mask and `training` for all, any number of blocks."""
    inputs = normal(rng, 3, 5, D)
    pairs = [blocks_of(student, reference, rng) for _ in range(3)]
    dropping, right_dropping = blocks_of(student, reference, rng, dropout=0.5)
    blocks, right = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    received = student.run_blocks(blocks, inputs, padding_mask=ANYWHERE)
    single = student.run_blocks(blocks[:1], inputs)
    none = student.run_blocks([], inputs)
    gradient = student.run_blocks.gradients(wrt=(1,))(blocks, inputs).arguments[0]
    rows = ([dropping, blocks[0]], [blocks[0], dropping])
    training = [[student.run_blocks(row, inputs, None, True) for _ in range(2)] for row in rows]
    still = student.run_blocks(rows[0], inputs, training=False)
    expected = reference.run_blocks(right, inputs, padding_mask=ANYWHERE)
    expect.shape(received, inputs.shape, "the outputs of three blocks")
    expect.close(received[ANYWHERE], expected[ANYWHERE], "the outputs of three blocks", **GELU)
    expect.close(
        single, reference.run_blocks(right[:1], inputs), "the outputs of one block", **GELU
    )
    expect.close(none, inputs, "the outputs of no block")
    expected = reference.run_blocks([right_dropping, right[0]], inputs)
    expect.close(still, expected, "the outputs with training=False", **GELU)
    for two, place in zip(training, ("first", "second"), strict=True):
        expect.far(
            *two,
            "two calls with training=True",
            f"run_blocks(..., training=True) draws nothing by lot in the {place} of two blocks: `training` "
            "should reach every block.",
        )
    expected = reference.run_blocks.gradients(wrt=(1,))(right, inputs).arguments[0]
    what = "the gradient of run_blocks with respect to its inputs"
    expect.close(gradient, expected, what, rtol=1e-2, atol=3e-2)
