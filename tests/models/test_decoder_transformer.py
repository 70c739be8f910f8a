"""The decoder transformer: everything a language model must do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.layers import DecoderBlock
from coursekit.models import DecoderTransformer
from coursekit.models.presets import SIZES
from coursekit.objectives import shift_labels, token_cross_entropy
from tests.layers import layer_checks as checks

V, T = 11, 6
KINDS = {
    "gpt": {"activation": "gelu_approximate"},
    "post_norm": {"positions": "sinusoidal", "normalize_first": False},
    "llama": {
        "positions": "rotary",
        "norm": "rms",
        "activation": "swiglu",
        "use_bias": False,
        "num_key_value_heads": 2,
        "tie_embeddings": False,
        "interleaved": True,
        "max_wavelength": 50,
    },
    "no_positions": {"positions": None},
}
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1] * 6, [0] * 6], dtype=bool)


@pytest.fixture
def rng():
    return np.random.default_rng(2)


@pytest.fixture
def token_ids(rng):
    return rng.integers(0, V, (4, T)).astype("int32")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def quick_for(*kinds):
    """For what takes seconds: the quick set does it for these kinds, the slow set for all."""
    rest = [pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS if kind not in kinds]
    return pytest.mark.parametrize("kind", [*kinds, *rest])


def make(kind, **arguments):
    sizes = {"num_layers": 2, "num_heads": 4, "hidden_dim": 8}
    return DecoderTransformer(V, T, **{**sizes, **KINDS[kind], **arguments})


def ready(kind, rng, **arguments):
    model = make(kind, **arguments)
    model.build((None, None))
    model.set_weights([checks.draw(rng, *w.shape, scale=0.5) for w in model.get_weights()])
    return model


def evaluate(model, token_ids, padding_mask=None):
    """Logits of real tokens, and the gradients of a number that all of them are in."""
    variables = [weight.value for weight in model.trainable_weights]
    with tf.GradientTape() as tape:
        logits = model(token_ids, padding_mask=padding_mask)
        if padding_mask is not None:
            logits = tf.where(padding_mask[..., None], logits, 0.0)
        loss = tf.reduce_sum(tf.sin(logits))
    return [logits, *map(tf.convert_to_tensor, tape.gradient(loss, variables))]


def test_logits(kind, token_ids, rng):
    logits = ready(kind, rng)(token_ids)
    assert (logits.shape, logits.dtype) == ((4, T, V), tf.float32)


def test_the_model_is_its_equation(token_ids, rng):
    model = ready("gpt", rng)
    table = model.token_embedding.numpy()
    x = table[token_ids] + model.position_layer.position_embeddings.numpy()
    for block in model.blocks:
        x = block(x)
    checks.assert_close([model(token_ids)], [model.final_norm(x) @ table.T])


def test_post_norm_has_no_final_norm_and_untied_has_a_table_more(token_ids, rng):
    assert make("post_norm").final_norm is None
    model = ready("llama", rng)
    x = model.token_embedding.numpy()[token_ids]
    for block in model.blocks:
        x = block(x)
    expected = model.final_norm(x) @ model.output_embedding.numpy().T
    checks.assert_close([model(token_ids)], [expected])


def test_parameters():
    model = make("gpt")
    model.build((None, None))
    assert model.count_params() == V * 8 + T * 8 + 2 * (12 * 64 + 13 * 8) + 2 * 8
    names = [weight.path.split("/", 1)[-1] for weight in model.weights]
    assert len(set(names)) == len(names)


def test_a_first_loss_is_that_of_a_uniform_guess(kind, rng):
    model = DecoderTransformer(50, 32, 2, 4, 32, **KINDS[kind])
    token_ids = rng.integers(0, 50, (8, 33)).astype("int32")
    inputs, labels, weight = shift_labels(tf.constant(token_ids))
    loss, count = token_cross_entropy(model(inputs), labels, weight)
    assert float(loss / count) == pytest.approx(np.log(50), abs=0.1)


def test_causal(kind, token_ids, rng):
    model = ready(kind, rng)
    changed = np.concatenate([token_ids[:, :3], (token_ids[:, 3:] + 1) % V], axis=1)
    before, after = model(token_ids), model(changed)
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert np.abs(before[:, 3:] - after[:, 3:]).max(axis=(0, 2)).min() > 0
    embedded = model.embed(tf.constant(token_ids))
    with tf.GradientTape() as tape:
        tape.watch(embedded)
        x = embedded
        for block in model.blocks:
            x = block(x)
        output = tf.reduce_sum(model.logits(x)[:, 3])
    by_step = tf.reduce_sum(tf.abs(tape.gradient(output, embedded)), axis=[0, 2]).numpy()
    assert (by_step[:4] > 0).all() and (by_step[4:] == 0).all()


def test_positions_tell_orders_apart(kind, rng):
    """Without positions the last token of one block sees a set; with them a sequence."""
    model = ready(kind, rng, num_layers=1)
    one, other = (model(np.array([ids]))[:, -1] for ids in ([1, 2, 3, 4], [3, 1, 2, 4]))
    differs = np.abs(one - other).max() > 1e-4
    assert differs == (kind != "no_positions")


def test_padding_does_not_matter(kind, token_ids, rng):
    model = ready(kind, rng)
    other = np.where(MASK, token_ids, (token_ids + 3) % V)
    expected, received = (evaluate(model, tf.constant(ids), MASK) for ids in (token_ids, other))
    checks.assert_close(received, expected)
    assert np.isfinite(model(token_ids, padding_mask=MASK)).all()
    right = model(token_ids[:1, :4])  # padding on the right may as well be left out
    checks.assert_close([expected[0][:1, :4]], [right])


@quick_for("llama")
def test_same_everywhere(kind, token_ids, rng):
    model = ready(kind, rng)
    token_ids, mask = tf.constant(token_ids), tf.constant(MASK)
    expected = evaluate(model, token_ids, mask)

    def run(token_ids, mask):
        return evaluate(model, token_ids, mask)

    unknown = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None], tf.bool)]
    checks.assert_close(tf.function(run)(token_ids, mask), expected)
    checks.assert_close(tf.function(run, input_signature=unknown)(token_ids, mask), expected)
    checks.assert_close(tf.function(run, jit_compile=True)(token_ids, mask), expected)


def test_symbolic_shapes(kind):
    logits = make(kind)(keras.Input((None,), dtype="int32"))
    assert (logits.shape, logits.dtype) == ((None, None, V), "float32")


@quick_for("gpt", "llama")
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "key_mask"])
def test_cached_equals_uncached(kind, token_ids, rng, mask):
    """The first tokens at once, then one at a time, eagerly and in a graph."""
    model = ready(kind, rng)
    expected = model(token_ids, padding_mask=mask).numpy()
    step = tf.function(lambda *a: model.call_with_cache(*a, key_mask=mask), reduce_retracing=True)
    counts = np.ones_like(token_ids, bool) if mask is None else mask
    for call in (lambda *a: model.call_with_cache(*a, key_mask=mask), step):
        cache = tf.nest.map_structure(lambda x: x + 99, model.initial_cache(4, T))
        parts = []
        for first, last in [(0, 3), (3, 4), (4, 5), (5, 6)]:
            part, cache = call(tf.constant(token_ids[:, first:last]), cache, tf.constant(first))
            assert part.dtype == tf.float32
            parts.append(part)
        checks.assert_close([np.concatenate(parts, axis=1)[counts]], [expected[counts]])


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@quick_for("gpt", "llama")
def test_mixed_precision(kind, token_ids, rng, policy):
    exact, narrow = ready(kind, rng), make(kind, dtype=policy)
    narrow.build((None, None))
    narrow.set_weights(exact.get_weights())
    assert {weight.dtype for weight in narrow.weights} == {"float32"}
    assert {block.compute_dtype for block in narrow.blocks} == {policy.removeprefix("mixed_")}
    scale = checks.COARSE[policy]
    for one, other in zip(
        evaluate(narrow, token_ids, MASK), evaluate(exact, token_ids, MASK), strict=True
    ):
        assert one.dtype == tf.float32
        assert np.isfinite(one).all()
        assert np.abs(one - other).max() < 2 * scale * (1 + np.abs(other).max())
    cached, cache = narrow.call_with_cache(token_ids, narrow.initial_cache(4, T), 0)
    assert {part.dtype.name for part in tf.nest.flatten(cache)} == {policy.removeprefix("mixed_")}
    difference = np.abs(cached - narrow(token_ids)).max()
    assert difference < 2 * scale * (1 + np.abs(cached).max())


def test_config(kind):
    checks.check_config(make(kind, dropout=0.1, name="mine"))


@quick_for("llama")
def test_saved_and_loaded(kind, token_ids, rng, tmp_path):
    model = ready(kind, rng)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    checks.assert_close([again(token_ids)], [model(token_ids)])
    model.save_weights(tmp_path / "model.weights.h5")
    twin = make(kind)
    twin.build((None, None))
    twin.load_weights(tmp_path / "model.weights.h5")
    checks.assert_close([twin(token_ids)], [model(token_ids)])


@quick_for("gpt", "llama")
def test_one_fit_step_moves_every_weight(kind, token_ids, rng):
    model = ready(kind, rng)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    before = model.get_weights()
    history = model.fit(token_ids, (token_ids + 1) % V, batch_size=4, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.abs(new - old).max() > 0


def test_overfits_one_batch(rng):
    keras.utils.set_random_seed(1)
    model = DecoderTransformer(V, 9, num_layers=2, num_heads=2, hidden_dim=16)
    token_ids = tf.constant(rng.integers(0, V, (4, 9)), tf.int32)
    inputs, labels, weight = shift_labels(token_ids)
    model.build(inputs.shape)
    variables = [weight.value for weight in model.trainable_weights]
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss, count = token_cross_entropy(model(inputs, training=True), labels, weight)
            loss = loss / count
        optimizer.apply(tape.gradient(loss, variables), model.trainable_variables)
        return loss

    losses = [float(step()) for _ in range(150)]
    assert losses[0] > 2
    # After the first token everything is known; what the first token was, nobody can.
    assert losses[-1] < 0.2


def test_dropout_only_in_training(token_ids, rng):
    model = ready("gpt", rng, dropout=0.3)
    without = ready("gpt", rng)
    without.set_weights(model.get_weights())
    checks.assert_close(
        [model(token_ids), model(token_ids, training=False)], [without(token_ids)] * 2
    )
    first, second = (model(token_ids, training=True) for _ in range(2))
    assert np.abs(first - second).max() > 0
    assert [block.dropout for block in model.blocks] == [0.3, 0.3]


def test_a_block_of_ones_own(token_ids):
    """A student's block takes the arguments of its unit only, and no cache."""

    class OwnBlock(keras.layers.Layer):
        def __init__(self, num_heads, intermediate_dim, dropout=0.0, normalize_first=True, **kw):
            super().__init__(**kw)
            self.inner = DecoderBlock(num_heads, intermediate_dim, dropout, normalize_first)

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, inputs, padding_mask=None, training=None):
            return self.inner(inputs, padding_mask=padding_mask, training=training)

    own = type("Own", (DecoderTransformer,), {"block_class": OwnBlock})(V, T, 2, 4, 8)
    usual = DecoderTransformer(V, T, 2, 4, 8)
    own.build((None, None))
    usual.build((None, None))
    own.set_weights(usual.get_weights())
    checks.assert_close([own(token_ids, padding_mask=MASK)], [usual(token_ids, padding_mask=MASK)])


def test_named_sizes():
    """GPT-2's count of parameters, without making them."""
    size = SIZES["gpt2"]
    width, layers = size["hidden_dim"], size["num_layers"]
    count = (size["vocabulary_size"] + size["sequence_length"]) * width
    assert count + layers * (12 * width**2 + 13 * width) + 2 * width == 124_439_808
    small = dict(SIZES["smollm2"], num_layers=1, vocabulary_size=7, sequence_length=5)
    model = DecoderTransformer(**small)
    model.build((None, None))
    width, inner = 576, 1536
    block = 2 * width * width + 2 * width * 3 * 64 + 3 * width * inner + 2 * width
    assert model.count_params() == 7 * width + block + width
    assert 49152 * width + 30 * block + width == 134_515_008


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        ({"num_layers": 0}, "Received: num_layers=0"),
        ({"vocabulary_size": 2.5}, "Received: vocabulary_size=2.5"),
        ({"num_heads": 3}, "Received: num_heads=3, hidden_dim=8"),
        ({"positions": "absolute"}, "Received: positions=absolute"),
        ({"norm": "batch"}, "Received: norm=batch"),
        ({"activation": "tanh"}, "Received: activation=tanh"),
        ({"intermediate_dim": 0}, "Received: intermediate_dim=0"),
        ({"dropout": 1.0}, "Received: dropout=1.0"),
        ({"num_key_value_heads": 3}, "Received: num_key_value_heads=3, num_heads=4"),
        ({"positions": "rotary", "num_heads": 8}, "Received: key_dim=1"),
    ],
    ids=str,
)
def test_wrong_arguments(arguments, end):
    sizes = dict(vocabulary_size=V, sequence_length=T, num_layers=1, num_heads=4, hidden_dim=8)

    def make_and_build():
        DecoderTransformer(**sizes | arguments).build((None, None))

    assert checks.answer_to(make_and_build).endswith(end)


def test_a_sequence_that_is_too_long():
    model = make("gpt")
    answer = checks.answer_to(lambda: model(np.zeros((1, T + 1), "int32")))
    assert answer.endswith("Received: 7 tokens")
