"""The decoder block and its feed-forward network: everything a layer must do."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.layers import DecoderBlock, FeedForward, RotaryEmbedding
from tests.layers import layer_checks as checks

KINDS = {
    "pre_norm": {},
    "post_norm": {"normalize_first": False},
    "llama": {
        "norm": "rms",
        "activation": "swiglu",
        "use_bias": False,
        "num_key_value_heads": 1,
        "rotary": {},
    },
}
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [1] * 5, [0] * 5], dtype=bool)
ACTIVATIONS = ["gelu", "gelu_approximate", "relu", "silu", "swiglu"]


@pytest.fixture
def rng():
    return np.random.default_rng(9)


@pytest.fixture
def inputs(rng):
    return checks.draw(rng, 5, 5, 8)


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
    return DecoderBlock(2, 12, **form, **arguments)


def ready(kind, inputs, rng, **arguments):
    return checks.with_random_weights(make(kind, **arguments), inputs, rng)


def plain_feed_forward(x, layer, activation):
    bias_in, bias_out = (layer.bias_in, layer.bias_out) if layer.use_bias else (0.0, 0.0)
    between = x @ layer.kernel_in + bias_in
    if activation == "swiglu":
        gate, up = tf.split(between, 2, axis=-1)
        between = keras.ops.silu(gate) * up
    elif activation.startswith("gelu"):
        between = keras.ops.gelu(between, approximate=activation != "gelu")
    else:
        between = getattr(keras.ops, activation)(between)
    return between @ layer.kernel_out + bias_out


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_feed_forward(inputs, rng, activation, use_bias):
    layer = FeedForward(12, activation, use_bias)
    checks.with_random_weights(layer, inputs, rng, scale=1.0)
    checks.assert_close([layer(inputs)], [plain_feed_forward(inputs, layer, activation)])
    width = 24 if activation == "swiglu" else 12
    shapes = {"kernel_in": (8, width), "kernel_out": (12, 8)}
    checks.check_weights(
        layer, shapes | ({"bias_in": (width,), "bias_out": (8,)} if use_bias else {})
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_activations(rng, activation):
    """Against the plain formulation, far from zero too."""
    inputs = checks.draw(rng, 4, 5, 8, scale=3.0)
    layer = checks.with_random_weights(FeedForward(12, activation), inputs, rng)
    both = []
    for function in (layer, lambda x: plain_feed_forward(x, layer, activation)):
        x = tf.constant(inputs)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(function(x)))
        both.append(tape.gradient(loss, [x, *(w.value for w in layer.weights)]))
    checks.assert_close(*both, rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize("shape", [(3, 8), (2, 3, 4, 8)])
def test_feed_forward_on_any_axes(rng, shape):
    inputs = checks.draw(rng, *shape)
    layer = checks.with_random_weights(FeedForward(12), inputs, rng)
    checks.assert_close([layer(inputs)], [plain_feed_forward(inputs, layer, "gelu")])


def test_feed_forward_as_a_layer(inputs, rng, tmp_path):
    layer = checks.with_random_weights(FeedForward(12), inputs, rng)
    checks.check_config(layer)
    checks.check_saved(layer, inputs, tmp_path / "model.keras")
    checks.check_same_everywhere(layer, inputs)
    for policy in checks.COARSE:
        checks.check_precision(functools.partial(FeedForward, 12), policy, inputs, rng)


def test_block_is_its_equation(inputs, rng):
    def norm(layer, x):
        centred = x - np.mean(x, axis=-1, keepdims=True)
        spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5)
        return centred / spread * layer.gamma + layer.beta

    block = ready("pre_norm", inputs, rng)
    x = inputs + block.attention(norm(block.attention_norm, inputs))
    expected = x + block.feed_forward(norm(block.feed_forward_norm, x))
    checks.assert_close([block(inputs)], [expected])
    after = ready("post_norm", inputs, rng)
    x = norm(after.attention_norm, inputs + after.attention(inputs))
    expected = norm(after.feed_forward_norm, x + after.feed_forward(x))
    checks.assert_close([after(inputs)], [expected])


def test_rms_block_is_its_equation(inputs, rng):
    def norm(layer, x):
        return x / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + 1e-5) * layer.scale

    block = ready("llama", inputs, rng)
    x = inputs + block.attention(norm(block.attention_norm, inputs))
    expected = x + block.feed_forward(norm(block.feed_forward_norm, x))
    checks.assert_close([block(inputs)], [expected])


def test_epsilon_of_the_norms(rng):
    small = checks.draw(rng, 2, 3, 8, scale=1e-3)
    far, near = (ready("pre_norm", small, rng, norm_epsilon=e) for e in (1e-2, 1e-9))
    near.set_weights(far.get_weights())
    assert np.abs(far.attention_norm(small) - near.attention_norm(small)).max() > 0.1


def test_weights(inputs):
    block = DecoderBlock(2, 4 * 8)
    block.build(inputs.shape)
    assert block.count_params() == 12 * 8 * 8 + 13 * 8
    block = make("llama")
    block.build(inputs.shape)
    assert block.count_params() == 8 * 16 + 8 * 8 + 3 * 8 * 12 + 2 * 8


def test_causal(kind, inputs, rng):
    checks.check_causal(ready(kind, inputs, rng), inputs, rng)


def test_padding_does_not_matter(kind, inputs, rng):
    checks.check_padding_does_not_matter(ready(kind, inputs, rng), inputs, MASK, rng)


@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "key_mask"])
def test_cached_equals_uncached(kind, inputs, rng, mask):
    checks.check_cache(ready(kind, inputs, rng), inputs, 3, mask)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_cached_equals_uncached_in_mixed_precision(kind, inputs, rng, policy):
    block = ready(kind, inputs, rng, dtype=policy)
    inputs = tf.cast(inputs, block.compute_dtype)
    outputs, _ = block.call_with_cache(inputs, checks.initial_cache(block, 5, 5), 0)
    assert outputs.dtype == block.compute_dtype
    difference = np.abs(np.asarray(outputs - block(inputs), "float32")).max()
    assert difference < checks.COARSE[policy] * np.abs(np.asarray(outputs, "float32")).max()


def test_keras_mask_stands_in_for_a_padding_mask(kind, rng):
    token_ids = np.array([[3, 1, 4, 0, 0], [0, 2, 6, 5, 1]])
    blocks = [make(kind), make(kind)]
    model = keras.Sequential([keras.layers.Embedding(7, 8, mask_zero=True), *blocks])
    model.build((None, None))
    model.set_weights([checks.draw(rng, *w.shape) for w in model.get_weights()])
    x = tf.identity(model.layers[0](token_ids))
    for block in blocks:
        x = tf.identity(block(x, padding_mask=token_ids != 0))
    checks.assert_close([model(token_ids)], [x])


def test_config(kind):
    checks.check_config(make(kind))
    checks.check_config(make(kind, dropout=0.2, key_dim=6, norm_epsilon=1e-3, dtype="bfloat16"))


@quick_for("llama")
def test_saved_and_loaded(kind, inputs, rng, tmp_path):
    checks.check_saved(ready(kind, inputs, rng), inputs, tmp_path / "model.keras")


@quick_for("llama")
def test_same_everywhere(kind, inputs, rng):
    checks.check_same_everywhere(ready(kind, inputs, rng), inputs)


@quick_for("pre_norm")
def test_one_fit_step(kind, inputs, rng):
    checks.check_fit_step(ready(kind, inputs, rng), inputs)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(kind, inputs, rng, policy):
    checks.check_precision(functools.partial(make, kind), policy, inputs, rng, padding_mask=MASK)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_norms_of_large_numbers_in_mixed_precision(rng, policy):
    """Squares of 300 are beyond float16: norms compute in float32."""
    inputs = checks.draw(rng, 2, 3, 8, scale=300.0)
    exact, narrow = make("pre_norm"), make("pre_norm", dtype=policy)
    for block in (exact, narrow):
        block.build(inputs.shape)
    x = tf.cast(inputs, narrow.compute_dtype)
    difference = tf.cast(narrow.attention_norm(x), tf.float32) - exact.attention_norm(inputs)
    assert np.abs(difference).max() < checks.COARSE[policy]


def test_dropout_acts_on_both_sub_layers(inputs, rng):
    block = ready("pre_norm", inputs, rng, dropout=0.5)
    without = ready("pre_norm", inputs, rng)
    without.set_weights(block.get_weights())
    checks.assert_close([block(inputs), block(inputs, training=False)], [without(inputs)] * 2)
    first, second = (block(inputs, training=True) for _ in range(2))
    assert np.abs(first - second).max() > 0


def test_overfits(rng):
    inputs, targets = checks.draw(rng, 4, 3, 8), checks.draw(rng, 4, 2)
    layer = keras.Sequential([DecoderBlock(2, 16), keras.layers.Flatten()])
    checks.check_overfits(layer, inputs, targets, steps=80)


def test_other_parts_get_only_the_arguments_of_the_units():
    class OwnAttention(keras.layers.Layer):
        def __init__(self, num_heads, key_dim, dropout=0.0, use_bias=True, **kwargs):
            super().__init__(**kwargs)

        def call(self, inputs, padding_mask=None, use_causal_mask=True, training=None):
            return 2.0 * inputs

    class OwnFeedForward(keras.layers.Layer):
        def __init__(self, intermediate_dim, **kwargs):
            super().__init__(**kwargs)

        def call(self, inputs):
            return 3.0 * inputs

    parts = {"attention_class": OwnAttention, "feed_forward_class": OwnFeedForward}
    block = type("Own", (DecoderBlock,), parts)(2, 12)
    x = np.array([[[1.0, -1.0]]], "float32")  # its norm is nearly itself
    np.testing.assert_allclose(block(x), [[[6.0, -6.0]]], rtol=1e-3)


@pytest.mark.parametrize(
    ("make_it", "end"),
    [
        (lambda: FeedForward(0), "Received: intermediate_dim=0"),
        (lambda: FeedForward(4, "tanh"), "Received: activation=tanh"),
        (lambda: DecoderBlock(0, 4), "Received: num_heads=0"),
        (lambda: DecoderBlock(2, 4, norm="batch"), "Received: norm=batch"),
        (lambda: DecoderBlock(2, 4, dropout=1.5), "Received: dropout=1.5"),
        (lambda: DecoderBlock(2, 4, dropout=1.0), "Received: dropout=1.0"),
        (lambda: DecoderBlock(3, 4).build((1, 2, 8)), "Received: num_heads=3, a width of 8"),
    ],
)
def test_wrong_arguments(make_it, end):
    assert checks.answer_to(make_it).endswith(end)
