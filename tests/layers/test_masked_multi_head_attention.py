"""Masked multi-head attention: everything a layer must do, and equality with Keras."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.layers import MaskedMultiHeadAttention, RotaryEmbedding
from tests.layers import layer_checks as checks

KINDS = {
    "plain": {},
    "grouped": {"num_key_value_heads": 2},
    "one_key_head": {"num_key_value_heads": 1, "use_bias": False},
    "rotary": {"num_key_value_heads": 2, "rotary": {}},
}
# Padding on the right, on the left, in the middle, none, everywhere.
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [1] * 5, [0] * 5], dtype=bool)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def inputs(rng):
    return checks.draw(rng, 5, 5, 6)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def quick_for(*kinds):
    """For what takes seconds: the quick set does it for these kinds, the slow set for all."""
    rest = [pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS if kind not in kinds]
    return pytest.mark.parametrize("kind", [*kinds, *rest])


def make(kind, **arguments):
    form = dict(KINDS[kind])
    if "rotary" in form:
        form["rotary"] = RotaryEmbedding(30.0, dtype=arguments.get("dtype"))
    return MaskedMultiHeadAttention(4, 2, **form, **arguments)


def ready(kind, inputs, rng, **arguments):
    return checks.with_random_weights(make(kind, **arguments), inputs, rng)


def keras_own(layer, inputs):
    """Keras' layer with the same weights, moved."""
    heads, kv, width, hidden = layer.num_heads, layer.num_key_value_heads, layer.key_dim, 6
    if kv == heads:
        usual = keras.layers.MultiHeadAttention(heads, width, use_bias=layer.use_bias)
    else:
        usual = keras.layers.GroupQueryAttention(width, heads, kv, use_bias=layer.use_bias)
    usual.build(inputs.shape, inputs.shape)
    counts = (heads, kv, kv)
    ends = np.cumsum([count * width for count in counts])[:-1]
    kernels = np.split(layer.kernel.numpy(), ends, axis=1)
    biases = np.split(layer.bias.numpy(), ends) if layer.use_bias else [None] * 3
    weights = []
    for kernel, bias, count in zip(kernels, biases, counts, strict=True):
        weights.append(kernel.reshape(hidden, count, width))
        if bias is not None:
            weights.append(bias.reshape(count, width))
    weights.append(layer.output_kernel.numpy().reshape(heads, width, hidden))
    if layer.use_bias:
        weights.append(layer.output_bias.numpy())
    usual.set_weights(weights)
    return usual


def test_weights(inputs):
    layer = make("plain")
    layer.build(inputs.shape)
    shapes = {"kernel": (6, 24), "bias": (24,), "output_kernel": (8, 6), "output_bias": (6,)}
    checks.check_weights(layer, shapes)
    assert layer.count_params() == 4 * 6 * 8 + 3 * 8 + 6
    layer = make("one_key_head")
    layer.build(inputs.shape)
    checks.check_weights(layer, {"kernel": (6, 8 + 2 + 2), "output_kernel": (8, 6)})


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "mask"])
@pytest.mark.parametrize("kind", ["plain", "grouped", "one_key_head"])
def test_equals_keras(kind, inputs, rng, causal, mask):
    layer = ready(kind, inputs, rng)
    usual = keras_own(layer, inputs)
    outputs, weights = layer(inputs, mask, use_causal_mask=causal, return_attention_scores=True)
    expected, expected_weights = usual(
        inputs,
        inputs,
        use_causal_mask=causal,
        attention_mask=None if mask is None else mask[:, None, :],
        return_attention_scores=True,
    )
    assert weights.shape == (5, 4, 5, 5)
    sees = np.tri(5, dtype=bool) if causal else np.ones((5, 5), bool)
    sees = sees & (np.ones((5, 5), bool) if mask is None else mask)[:, None, :]
    some = sees.any(axis=-1)  # a query that sees nothing is another matter in Keras
    assert some.all() == (mask is None)
    checks.assert_close([outputs[some]], [expected[some]])
    by_query = [np.moveaxis(w, 1, 2)[some] for w in (weights.numpy(), expected_weights.numpy())]
    checks.assert_close([by_query[0]], [by_query[1]])


def test_gradients_equal_those_of_keras(inputs, rng):
    layer = ready("plain", inputs, rng)
    usual = keras_own(layer, inputs)
    by_inputs = []
    for attention in (layer, lambda x: usual(x, x, use_causal_mask=True)):
        x = tf.constant(inputs)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(attention(x)))
        by_inputs.append(tape.gradient(loss, x))
    checks.assert_close(by_inputs[:1], by_inputs[1:])


def test_rotary_turns_queries_and_keys(inputs, rng):
    layer = ready("rotary", inputs, rng)
    query, key, value = layer.project(tf.constant(inputs), start_index=3)
    plain = ready("grouped", inputs, rng)
    plain.set_weights(layer.get_weights())
    for turned, straight in zip((query, key), plain.project(tf.constant(inputs)), strict=False):
        checks.assert_close([turned], [layer.rotary(straight, start_index=3)])
    checks.assert_close([value], [plain.project(tf.constant(inputs))[2]])


def test_causal(kind, inputs, rng):
    layer = ready(kind, inputs, rng)
    checks.check_causal(layer, inputs, rng)
    seen = layer(inputs, use_causal_mask=False) - layer(inputs)
    assert np.abs(seen[:, :4]).max() > 0.01


def test_padding_does_not_matter(kind, inputs, rng):
    checks.check_padding_does_not_matter(ready(kind, inputs, rng), inputs, MASK, rng)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_query_that_sees_nothing_gets_the_output_bias(inputs, rng, policy):
    layer = ready("plain", inputs, rng, dtype=policy)
    inputs = tf.cast(inputs, layer.compute_dtype)
    outputs, weights = layer(inputs, MASK, return_attention_scores=True)
    assert not np.any(weights[4]) and not np.any(weights[1, :, :2])
    bias = tf.cast(layer.output_bias.value, layer.compute_dtype)
    np.testing.assert_array_equal(outputs[4], np.tile(bias, (5, 1)))
    everything = checks.evaluate(layer, inputs, padding_mask=MASK)
    assert all(np.isfinite(np.asarray(x)).all() for x in everything)


@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "key_mask"])
@pytest.mark.parametrize("prefill", [1, 3])
def test_cached_equals_uncached(kind, inputs, rng, prefill, mask):
    checks.check_cache(ready(kind, inputs, rng), inputs, prefill, mask)


def test_cache_keeps_its_shape_and_dtype(inputs, rng):
    layer = ready("grouped", inputs, rng, dtype="mixed_bfloat16")
    cache = layer.initial_cache(5, 7)
    outputs, after = layer.call_with_cache(tf.cast(inputs, tf.bfloat16), cache, 2)
    assert outputs.dtype == tf.bfloat16
    for old, new in zip(cache, after, strict=True):
        assert (old.shape, old.dtype) == (new.shape, new.dtype)
        assert new.dtype == tf.bfloat16
        assert np.any(new != old)


def test_keras_mask_stands_in_for_a_padding_mask(rng):
    token_ids = np.array([[3, 1, 4, 0, 0], [0, 2, 6, 5, 1]])
    model = keras.Sequential([keras.layers.Embedding(7, 6, mask_zero=True), make("plain")])
    model.build((None, None))
    model.set_weights([checks.draw(rng, *w.shape) for w in model.get_weights()])
    embedding, layer = model.layers
    embedded = embedding(token_ids)
    bare = tf.identity(embedded)
    expected = layer(bare, padding_mask=token_ids != 0)
    checks.assert_close([model(token_ids)], [expected])
    compiled = tf.function(model, input_signature=[tf.TensorSpec([None, None], tf.int32)])
    checks.assert_close([compiled(tf.constant(token_ids, tf.int32))], [expected])
    assert np.abs(layer(bare) - expected).max() > 0.01
    np.testing.assert_array_equal(layer(embedded)._keras_mask, token_ids != 0)
    given = layer(embedded, padding_mask=np.ones((2, 5), bool))  # it goes before Keras' own
    checks.assert_close([given], [layer(bare)])


def test_config(kind):
    checks.check_config(make(kind))
    layer = make(kind, dropout=0.1, kernel_initializer="he_normal", name="mine", dtype="bfloat16")
    checks.check_config(layer)
    assert layer.get_config()["dropout"] == 0.1


@quick_for("rotary")
def test_saved_and_loaded(kind, inputs, rng, tmp_path):
    layer = ready(kind, inputs, rng)
    checks.check_saved(layer, inputs, tmp_path / "model.keras", return_attention_scores=True)


@quick_for("rotary")
def test_same_everywhere(kind, inputs, rng):
    checks.check_same_everywhere(ready(kind, inputs, rng), inputs, return_attention_scores=True)


def test_same_everywhere_with_a_mask(inputs, rng):
    layer = ready("plain", inputs, rng)
    inputs = np.where(MASK[..., None], inputs, 0).astype("float32")
    model = keras.Sequential([keras.layers.Masking(), layer])
    checks.check_same_everywhere(model, inputs)


def test_in_a_model_with_a_padding_mask_as_its_input(inputs, rng):
    layer = ready("plain", inputs, rng)
    entrances = keras.Input((None, 6)), keras.Input((None,), dtype="bool")
    outputs, weights = layer(*entrances, return_attention_scores=True)
    assert (outputs.shape, weights.shape) == ((None, None, 6), (None, 4, None, None))
    model = keras.Model(entrances, outputs)
    checks.assert_close([model([inputs, MASK])], [layer(inputs, MASK)])


def test_one_fit_step(inputs, rng):
    checks.check_fit_step(ready("rotary", inputs, rng), inputs)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(inputs, rng, policy):
    make_kind = functools.partial(make, "rotary")
    checks.check_precision(make_kind, policy, inputs, rng, padding_mask=MASK)


def test_dropout(inputs, rng):
    layer = ready("plain", inputs, rng, dropout=0.5)
    without = ready("plain", inputs, rng)
    without.set_weights(layer.get_weights())
    checks.assert_close([layer(inputs), layer(inputs, training=False)], [without(inputs)] * 2)
    first, second = (layer(inputs, training=True) for _ in range(2))
    assert np.abs(first - second).max() > 0
    many = tf.reduce_mean([layer(inputs, training=True) for _ in range(60)], axis=0)
    assert np.abs(many - without(inputs)).mean() < 0.3 * np.abs(first - without(inputs)).mean()


def test_an_attention_function_takes_the_place_of_the_middle(inputs, rng):
    def uniform(query, key, value, mask):
        weights = tf.ones([*query.shape[:-1], key.shape[-2]]) / 5
        return tf.matmul(weights, value), weights

    layer = type("Own", (MaskedMultiHeadAttention,), {"attention_function": staticmethod(uniform)})
    layer = checks.with_random_weights(layer(2, 3), inputs, rng)
    value = layer.project(tf.constant(inputs))[2]
    mean = tf.repeat(tf.reduce_mean(value, axis=2, keepdims=True), 5, axis=2)
    checks.assert_close([layer(inputs)], [layer.merge(mean)])


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        ({"num_heads": 0, "key_dim": 2}, "Received: num_heads=0"),
        ({"num_heads": 2, "key_dim": 1.5}, "Received: key_dim=1.5"),
        (
            {"num_heads": 4, "key_dim": 2, "num_key_value_heads": 3},
            "Received: num_key_value_heads=3, num_heads=4",
        ),
        ({"num_heads": 2, "key_dim": 2, "dropout": 1.0}, "Received: dropout=1.0"),
        ({"num_heads": 2, "key_dim": 3, "rotary": RotaryEmbedding()}, "Received: key_dim=3"),
    ],
    ids=str,
)
def test_wrong_arguments(arguments, end):
    assert checks.answer_to(lambda: MaskedMultiHeadAttention(**arguments)).endswith(end)
