"""Checks of unit 10: the way in, the way out, and the whole decoder transformer.

The student's model and the reference get the same random weights, those of tables, norms and biases
too. Its parts are the reference's layers in both, so what is compared is how they are put together.
"""

import numpy as np

from coursekit.grading import expect, needs, normal, points, time_limit

VOCABULARY, CONTEXT, HEADS, D = 11, 6, 2, 8
PER_BLOCK = 12  # weights of one block
# Padding at the end is hidden by the causal mask already; elsewhere only the padding mask hides it.
AT_THE_END = np.arange(5) < np.array([5, 3, 1, 4])[:, None]
ANYWHERE = np.array(
    [[1, 0, 0, 1, 1], [1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [0, 1, 0, 1, 0]], dtype=bool
)
GRAPH = {0: (0, 1), "padding_mask": (0, 1)}  # B and T are not known


def token_ids(rng, batch=4, length=5):
    """Ids of every kind: the first and the last of the vocabulary stand among them."""
    ids = rng.integers(1, VOCABULARY - 1, size=(batch, length), dtype=np.int32)
    ids[0, 0], ids[0, -1] = 0, VOCABULARY - 1
    return ids


def other_ids(ids):
    """Another id in every place."""
    return (ids + 3) % VOCABULARY


def made(party, num_layers=3, intermediate_dim=12, **options):
    """A built model of `student` or `reference`."""
    sizes = (VOCABULARY, CONTEXT, num_layers, HEADS, D, intermediate_dim)
    model = party.DecoderTransformer(*sizes, **options)
    model.build((None, None))
    return model


def random_weights(rng, right, scale=0.5):
    """A random array for each weight; what scales a norm stays near one."""
    return [
        normal(rng, *info.shape, scale=scale) + np.float32(info.name.endswith("gamma"))
        for info in right.weights_info()
    ]


def same_parts(model, right):
    """The weights of the student's model are those of the given parts, in their order."""
    received = [info.shape for info in model.weights_info()]
    expected = [info.shape for info in right.weights_info()]
    expect.true(
        received == expected,
        f"The model should have the {len(expected)} weights that the given `__init__` and `build` make: "
        f"one table (V, D), used on the way in and out, and those of the other parts. It has "
        f"{len(received)}, of the shapes {received}.",
    )


def pair(student, reference, rng, **options):
    """The student's model and the right one, with the same random weights."""
    model, right = made(student, **options), made(reference, **options)
    same_parts(model, right)
    weights = random_weights(rng, right)
    model.set_weights(weights)
    right.set_weights(weights)
    return model, right


def same_logits(received, expected, what, keep=None):
    """Compares logits, of the positions in `keep` if it is given."""
    if keep is not None:
        expect.shape(received, expected.shape, what)
        received, expected = received[keep], expected[keep]
    expect.close(received, expected, what, rtol=1e-3, atol=1e-3)


def mean_loss(logits, labels):
    """The mean cross-entropy of logits (B, T, V), in nats."""
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_probs, labels[..., None], axis=-1).mean()


@points(1)
def test_embed(student, reference, rng):
    """embed: each token's row of the table plus its position, learned or sinusoidal, unscaled."""
    ids, full, single = token_ids(rng), token_ids(rng, 2, CONTEXT), token_ids(rng, 1, 1)
    for positions in ("learned", "sinusoidal"):
        model, right = pair(student, reference, rng, num_layers=1, positions=positions)
        received = [model.embed(some) for some in (ids, full, single)]
        where = f"embed gives with {positions} positions"
        expect.close(received[0], right.embed(ids), f"what {where}")
        expect.close(received[1], right.embed(full), f"what {where} for the longest sequences")
        expect.close(received[2], right.embed(single), f"what {where} for a single token")


@points(1)
def test_unembed(student, reference, rng):
    """unembed: logits by the product with the same table that embed uses, as it is at that time."""
    model, right = pair(student, reference, rng, num_layers=1)
    x, single = normal(rng, 3, 5, D, scale=3.0), normal(rng, 1, 1, D)
    others = random_weights(rng, right)
    received = model.unembed(x), model.unembed(single)
    model.set_weights(others)
    afterwards = model.unembed(x)
    expected = right.unembed(x), right.unembed(single)
    right.set_weights(others)
    expect.close(received[0], expected[0], "what unembed gives")
    expect.close(received[1], expected[1], "what unembed gives for a single token")
    expect.close(
        afterwards, right.unembed(x), "what unembed gives after the weights of the model changed"
    )


@points(1)
def test_logits(student, reference, rng):
    """The whole model: every block in turn, the final norm, logits of every position."""
    model, right = pair(student, reference, rng)
    ids, single = token_ids(rng), token_ids(rng, 1, 1)
    full = token_ids(rng, 2, CONTEXT).astype(np.int64)
    received = [model(some) for some in (ids, other_ids(ids), full, single)]
    what = "the logits"
    same_logits(received[0], right(ids), what)
    same_logits(received[1], right(other_ids(ids)), f"{what} of a second batch")
    same_logits(received[2], right(full), f"{what} of the longest sequences")
    same_logits(received[3], right(single), f"{what} of a single token")


@points(1)
def test_sizes(student, reference, rng):
    """Other sizes: sinusoidal positions, one block or two, intermediate_dim left out; exact weights."""
    ids = token_ids(rng)
    for options in (
        {"num_layers": 2, "positions": "sinusoidal"},
        {"num_layers": 1, "intermediate_dim": None},
    ):
        model, right = pair(student, reference, rng, **options)
        received = model(ids)
        named = ", ".join(f"{name}={value!r}" for name, value in options.items())
        same_logits(received, right(ids), f"the logits with {named}")


@points(1)
def test_causality(student, reference, rng):
    """Causality: logits know their own token and all before it, nothing after it, at any depth."""
    ids = token_ids(rng)
    for num_layers in (1, 3):
        model, _ = pair(student, reference, rng, num_layers=num_layers)
        before = model(ids)
        expect.shape(before, (4, 5, VOCABULARY), "the logits")
        for changed in (2, 0):
            later = ids.copy()
            later[:, changed:] = other_ids(ids[:, changed:])
            if changed == 0:
                later[:, 1:] = ids[:, 1:]
            after = model(later)
            expect.shape(after, before.shape, "the logits")
            moved = np.abs(after - before).max(axis=(0, 2)) > 1e-4  # (T,)
            expect.true(
                not moved[:changed].any(),
                f"With num_layers={num_layers} the logits of position {moved.argmax()} change when only "
                f"the tokens from position {changed} on do: they know what they should predict.",
            )
            expect.true(
                bool(moved[changed:].all()),
                f"With num_layers={num_layers} the logits of position {changed + int(moved[changed:].argmin())} "
                f"stay the same when the token at position {changed} changes: they should know every "
                "token up to their own.",
            )


@points(1)
@needs("test_logits")
def test_padding(student, reference, rng):
    """Padding: it leaves no trace in the logits of real tokens, whatever ids stand there."""
    model, right = pair(student, reference, rng)
    ids = token_ids(rng)
    ids[1:, 3] = 0  # a real token
    others = np.where(ANYWHERE, ids, other_ids(ids))
    padded = model(ids, padding_mask=ANYWHERE)
    replaced = model(others, ANYWHERE)
    at_the_end = model(ids, padding_mask=AT_THE_END)
    cut = model(ids[1:2, :3])
    everywhere = model(ids, padding_mask=np.ones_like(ANYWHERE))
    expected = right(ids, padding_mask=ANYWHERE)
    what = "the logits of real tokens"
    where = "with padding at the start and in the middle"
    same_logits(padded, expected, f"{what} {where}", ANYWHERE)
    same_logits(replaced, expected, f"{what} {where}, other ids there,", ANYWHERE)
    expected = right(ids, padding_mask=AT_THE_END)
    same_logits(at_the_end, expected, f"{what} with padding at the end", AT_THE_END)
    same_logits(cut, expected[1:2, :3], "the logits of a sentence without its padding")
    same_logits(everywhere, right(ids), "the logits with a mask that is True everywhere")


@points(1)
@needs("test_logits")
def test_dropout(student, reference, rng):
    """Dropout: on the sum of tokens and positions, and in every block; in training and only then."""
    model, right = pair(student, reference, rng, dropout=0.5)
    ids = np.full((8, 5), 1, dtype=np.int32)
    found = model.embed(ids, training=True)
    quiet = [model(ids[:1]), model(ids[:1], training=False), model.embed(ids, training=False)]
    shown = right.embed(ids)
    expect.shape(found, shown.shape, "what embed gives in training")
    kept = np.isclose(found, 2 * shown, rtol=1e-3, atol=1e-4)
    expect.true(
        bool((kept | (np.abs(found) < 1e-6)).all()),
        "With dropout=0.5 in training each number that embed gives should be either 0 or twice what it "
        "is otherwise: tokens and positions are added first, then numbers of the sum are dropped.",
    )
    expect.true(
        0.25 < kept.mean() < 0.75,
        "With dropout=0.5 in training about half of the numbers that embed gives should be dropped.",
    )
    expected = right(ids[:1])
    same_logits(quiet[0], expected, "the logits with dropout=0.5, without training")
    same_logits(quiet[1], expected, "the logits with dropout=0.5 and training=False")
    expect.close(quiet[2], shown, "what embed gives with training=False")
    # Silent blocks: what is random comes from the embedding.
    weights = random_weights(rng, right)
    first = len(weights) - 2 - 3 * PER_BLOCK
    silent = [np.zeros_like(array) for array in weights]
    silent[-2] += 1.0  # what scales the final norm
    model.set_weights([*weights[:first], *silent[first:]])
    expect.far(
        *(model(ids, training=True) for _ in range(2)),
        "two calls with training=True",
        "With dropout=0.5 and training=True the model drops nothing of what it has embedded: `training` "
        "should reach embed.",
    )
    # All that is embedded is zero, so dropping there shows nothing; one block alone adds something.
    silent[0][2:] = weights[0][2:]  # the rows of tokens that do not occur
    for block in range(3):
        own = slice(first + block * PER_BLOCK, first + (block + 1) * PER_BLOCK)
        alone = silent.copy()
        alone[own] = weights[own]
        model.set_weights(alone)
        expect.far(
            *(model(ids, training=True) for _ in range(2)),
            "two calls with training=True",
            f"With dropout=0.5 and training=True block {block} (of 0 to 2) drops nothing: `training` "
            "should reach every block.",
        )


@points(1)
@needs("test_logits")
def test_gradients(student, reference, rng):
    """Gradients: the right one for every weight; the table's comes from both of its uses."""
    for positions in ("learned", "sinusoidal"):
        model, right = pair(student, reference, rng, num_layers=2, positions=positions)
        ids = token_ids(rng)
        received = model.gradients()(ids)
        expected = right.gradients()(ids)
        names = [info.name for info in right.weights_info()]
        for name, one, other in zip(names, received.weights, expected.weights, strict=True):
            expect.true(
                one is not None,
                f"No gradient reaches the weight {name}: is that part used, and is everything on the way "
                "made of TensorFlow's operations?",
            )
            what = f"the gradient of the weight {name}"
            expect.close(one, other, what, rtol=1e-2, atol=1e-2 * np.abs(other).max())


@points(1)
@needs("test_logits")
def test_graph_and_half_precision(student, reference, rng):
    """Inside tf.function, where B and T are not known; and in mixed_float16."""
    model, right = pair(student, reference, rng, num_layers=2)
    half, right_half = pair(student, reference, rng, num_layers=1, dtype="mixed_float16")
    ids = token_ids(rng)
    traced = model.traced(dynamic=GRAPH)(ids, padding_mask=ANYWHERE)
    mixed = half(ids)
    expected = right(ids, padding_mask=ANYWHERE)
    same_logits(traced, expected, "the logits inside tf.function", ANYWHERE)
    what = 'the logits with dtype="mixed_float16"'
    expected = right_half(ids)
    expect.shape(mixed, expected.shape, what)
    mixed, expected = mixed.astype(np.float32), expected.astype(np.float32)
    expect.close(mixed, expected, what, rtol=5e-2, atol=0.1 * float(np.abs(expected).std()))


@points(1)
@time_limit(20)
@needs("test_logits")
def test_learning(student, reference, rng):
    """Learning: the first loss is near ln V, and one batch is learned by heart (loss below 0.05)."""
    ids = token_ids(rng, 4, CONTEXT + 1)
    ids[:, 0] = rng.permutation(VOCABULARY)[:4]  # no two rows begin alike
    inputs, labels = ids[:, :-1], ids[:, 1:]
    model = student.DecoderTransformer(VOCABULARY, CONTEXT, 2, HEADS, 16)
    model.build((None, None))
    first = model(inputs)
    weights = np.ones(labels.shape, np.float32)
    last = model.fitted(labels, weights, steps=80, learning_rate=0.02)(inputs)
    for logits in (first, last):
        expect.shape(logits, (*labels.shape, VOCABULARY), "the logits")
    loss = mean_loss(first, labels)
    expect.true(
        abs(loss - np.log(VOCABULARY)) < 0.3,
        f"The loss of a new model should be near ln V = {np.log(VOCABULARY):.2f}, as it knows nothing and "
        f"takes all tokens to be equally likely; it is {loss:.2f}.",
    )
    loss = mean_loss(last, labels)
    expect.true(
        loss < 0.05,
        "After 80 steps of Adam on one small batch the model should know it by heart, with a loss below "
        f"0.05; it is {loss:.2f}.",
    )
