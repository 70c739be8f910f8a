"""When cuDNN runs a recurrent layer, and that its results are put together as the loop's are.

Without a GPU the choice is tested as if there were one, with the loop of Keras' CPU path in the
place of cuDNN's.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit import layers
from coursekit.layers import recurrent_layer
from tests.layers import layer_checks as checks
from tests.layers.test_recurrent_layers import ALL

RIGHT = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
LEFT = RIGHT[:, ::-1]
GAPS = np.array([[1, 1, 1, 1], [1, 0, 1, 0], [1, 0, 0, 0]], dtype=bool)
EMPTY_ROW = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=bool)

no_gpu = not tf.config.list_physical_devices("GPU")
needs_gpu = [
    pytest.mark.gpu,
    pytest.mark.skipif(no_gpu, reason="cuDNN needs a GPU, and there is none here"),
]


@pytest.fixture
def rng():
    return np.random.default_rng(14)


@pytest.fixture
def as_if_there_were_a_gpu(monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])


@pytest.mark.parametrize(
    ("name", "arguments", "obstacle"),
    [
        ("LSTM", {}, None),
        ("GRU", {}, None),
        ("LSTM", {"dropout": 0.5, "go_backwards": True, "return_state": True}, None),
        ("LSTM", {"use_cudnn": True}, None),
        ("LSTM", {"use_cudnn": False}, "use_cudnn is False"),
        ("LSTM", {"recurrent_dropout": 0.5}, "recurrent_dropout is not 0"),
        ("LSTM", {"activation": "relu"}, "activation is not tanh"),
        ("GRU", {"recurrent_activation": "relu"}, "recurrent_activation is not sigmoid"),
        ("GRU", {"reset_after": False}, "reset_after is False"),
        ("GRU", {"use_bias": False}, "use_bias is False"),
        ("LSTM", {"unroll": True}, "unroll is True"),
        ("SimpleRNN", {}, "only LSTM and GRU have a cuDNN path"),
    ],
    ids=str,
)
def test_obstacles(as_if_there_were_a_gpu, name, arguments, obstacle):
    layer = getattr(layers, name)(3, **arguments)
    assert layer.cudnn_obstacle() == obstacle
    assert layer.supports_jit == (obstacle is not None)


@pytest.mark.skipif(not no_gpu, reason="there is a GPU here")
def test_no_gpu(rng):
    layer = layers.LSTM(3)
    assert layer.cudnn_obstacle() == "there is no GPU"
    assert layer.supports_jit
    with pytest.raises(ValueError, match=r"there is no GPU. Received: use_cudnn=True"):
        layers.LSTM(3, use_cudnn=True)(checks.draw(rng, 2, 4, 3))


@pytest.mark.parametrize(
    ("mask", "accepted"), [(RIGHT, True), (LEFT, False), (GAPS, False), (EMPTY_ROW, False)]
)
def test_masks_that_cudnn_takes(mask, accepted):
    assert bool(recurrent_layer.cudnn_accepts(tf.constant(mask))) == accepted


def zeros_after_the_end(self, sequences, initial_state, mask, training=False):
    """What Keras' cuDNN path returns for padding on the right, computed on a CPU."""
    loop = super(keras.layers.LSTM, self).inner_loop
    last, outputs, states = loop(sequences, initial_state, mask, training)
    assert mask is None or bool(recurrent_layer.cudnn_accepts(mask))
    if mask is not None and self.return_sequences and not self.go_backwards:
        outputs = tf.where(mask[:, :, None], outputs, 0)
    return last, outputs if self.return_sequences else last[:, None], states


@pytest.mark.parametrize(
    "mask", [None, RIGHT, LEFT, GAPS, EMPTY_ROW], ids=lambda mask: str(mask)[:9]
)
@pytest.mark.parametrize(
    "arguments",
    [{"return_sequences": True}, {"return_sequences": True, "go_backwards": True}, {}],
    ids=str,
)
def test_results_are_put_together(as_if_there_were_a_gpu, monkeypatch, rng, mask, arguments):
    calls = []

    def spy(self, *arguments, **keywords):
        calls.append("cudnn")
        return zeros_after_the_end(self, *arguments, **keywords)

    monkeypatch.setattr(keras.layers.LSTM, "inner_loop", spy)
    inputs = checks.draw(rng, 3, 4, 2)
    layer = layers.LSTM(3, return_state=True, **arguments)
    checks.with_random_weights(layer, inputs, rng)
    loop = layers.LSTM(3, return_state=True, use_cudnn=False, **arguments)
    checks.check_same_result(layer, loop, inputs, mask=mask)
    assert bool(calls) == (mask is None or mask is RIGHT)


def test_the_mask_decides_inside_a_graph(as_if_there_were_a_gpu, monkeypatch, rng):
    def sevens(self, sequences, initial_state, mask, training=False):
        last = 7 * tf.ones_like(initial_state[0])
        outputs = 7 * tf.ones([tf.shape(sequences)[0], tf.shape(sequences)[1], 3])
        return last, outputs, [last, last]

    monkeypatch.setattr(keras.layers.LSTM, "inner_loop", sevens)
    inputs = checks.draw(rng, 3, 4, 2)
    layer = checks.with_random_weights(layers.LSTM(3, return_sequences=True), inputs, rng)
    signature = [tf.TensorSpec((None, None, 2)), tf.TensorSpec((None, None), tf.bool)]
    run = tf.function(lambda x, mask: layer(x, mask=mask), input_signature=signature)
    for mask, chosen in ((RIGHT, True), (LEFT, False), (EMPTY_ROW, False)):
        assert bool(np.all(run(inputs, mask) == 7)) == chosen


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
@pytest.mark.parametrize(
    "mask",
    [pytest.param(mask, marks=needs_gpu) for mask in (None, RIGHT, LEFT, GAPS, EMPTY_ROW)],
    ids=["none", "right", "left", "gaps", "empty_row"],
)
@pytest.mark.parametrize("go_backwards", [False, True])
def test_cudnn_equals_the_loop(rng, name, mask, go_backwards):
    inputs = checks.draw(rng, 3, 4, 2)
    make = getattr(layers, name)
    layer = make(5, **ALL, go_backwards=go_backwards)
    assert layer.cudnn_obstacle() is None
    checks.with_random_weights(layer, inputs, rng)
    loop = make(5, **ALL, go_backwards=go_backwards, use_cudnn=False)
    loop.build(inputs.shape)
    loop.set_weights(layer.get_weights())
    inputs = tf.constant(inputs)
    received, expected = (
        tf.function(lambda x, layer=layer: checks.evaluate(layer, x, mask=mask))(inputs)
        for layer in (layer, loop)
    )
    checks.assert_close(received, expected, rtol=1e-3, atol=1e-3)  # TensorFloat-32 on a GPU
