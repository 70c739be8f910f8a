"""The loop and its own gradient: against differences, against Keras, and differentiated again."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit import layers
from coursekit.layers import time_steps
from coursekit.layers.time_steps import TimeSteps
from tests.layers import layer_checks as checks
from tests.layers.test_recurrent_layers import ALL, KINDS, keras_own, quick_for

MASK = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]], dtype=bool)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(13)


def with_weights(kind, rng, **arguments):
    name, form = KINDS[kind]
    layer = getattr(layers, name)(2, **form, **ALL, **arguments)
    inputs = checks.draw(rng, 3, 3, 2)
    return checks.with_random_weights(layer, inputs, rng), inputs


@pytest.mark.parametrize("longest", [32, 0], ids=["written_out", "while"])
@pytest.mark.parametrize(
    "mask", [pytest.param(None, marks=pytest.mark.slow), MASK], ids=["all", "mask"]
)
def test_gradient_equals_differences(kind, rng, monkeypatch, longest, mask):
    """By inputs, initial states and every weight together, along random directions, in float64."""
    monkeypatch.setattr(time_steps, "LONGEST_UNROLLED", longest)
    layer, inputs = with_weights(kind, rng, dtype="float64")
    weights = [weight.numpy() for weight in layer.trainable_variables]
    states = [rng.normal(size=(3, 2)) for _ in layer.state_size]
    others = [variable.value for variable in layer.non_trainable_variables]
    arguments = [inputs.astype("float64"), *states, *weights]

    @tf.function
    def value_and_gradient(*tensors):
        states, weights = tensors[1 : 1 + len(layer.state_size)], tensors[-len(layer.weights) :]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs, _ = layer.stateless_call(
                weights, others, tensors[0], initial_state=list(states), mask=mask
            )
            value = tf.add_n([tf.reduce_sum(tf.sin(x + 0.5)) for x in outputs])
        return value, tape.gradient(value, tensors)

    def value(step):
        moved = [x + step * d for x, d in zip(arguments, direction, strict=True)]
        return value_and_gradient(*moved)[0].numpy()

    gradient = value_and_gradient(*arguments)[1]
    for _ in range(5):
        direction = [rng.normal(size=np.shape(argument)) for argument in arguments]
        slope = sum(np.vdot(g, d) for g, d in zip(gradient, direction, strict=True))
        np.testing.assert_allclose((value(1e-5) - value(-1e-5)) / 2e-5, slope, rtol=1e-7, atol=1e-8)


@quick_for("gru_reset_before")
@pytest.mark.parametrize(
    "signature",
    [(3, 3, 2), pytest.param((None, None, 2), marks=pytest.mark.slow)],
    ids=["written_out", "while"],
)
def test_second_derivatives_equal_keras(kind, rng, signature):
    layer, inputs = with_weights(kind, rng)
    usual = keras_own(kind, **ALL)
    usual = type(usual).from_config({**usual.get_config(), "units": 2})
    usual.build(inputs.shape)
    usual.set_weights(layer.get_weights())

    def penalty_gradient(layer, inputs):
        """The gradient of the squared norm of the gradient, as in gradient penalties."""
        variables = [weight.value for weight in layer.trainable_variables]
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                value = tf.add_n([tf.reduce_sum(tf.sin(x)) for x in layer(inputs, mask=MASK)])
            penalty = tf.reduce_sum(inner.gradient(value, inputs) ** 2)
        return outer.gradient(penalty, [inputs, *variables])

    expected = penalty_gradient(usual, tf.constant(inputs))
    traced = tf.function(
        lambda inputs: penalty_gradient(layer, inputs),
        input_signature=[tf.TensorSpec(signature)],
    )
    checks.assert_close(traced(inputs), expected, rtol=1e-4, atol=1e-5)


def test_written_out_only_where_the_number_of_steps_is_known_and_small():
    seen = []

    def look(tensor):
        seen.append(TimeSteps(tensor).unrolled)
        return tensor

    unknown = [tf.TensorSpec((None, 2))]
    tf.function(look)(tf.ones((32, 2)))
    tf.function(look)(tf.ones((33, 2)))
    tf.function(look, input_signature=unknown)(tf.ones((3, 2)))
    tf.function(look, jit_compile=True)(tf.ones((3, 2)))
    look(tf.ones((40, 2)))  # eager: nothing is built
    assert seen == [True, False, False, False, True]
    seen.clear()
    tf.function(lambda x: seen.append(TimeSteps(x, unroll=True).unrolled))(tf.ones((40, 2)))
    assert seen == [True]


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_hands_out_steps_in_order(reverse):
    def running_sum(numbers):
        steps = TimeSteps(numbers)
        states, (sums,) = steps.scan(
            lambda inputs, states: ([states[0] + inputs[0]], [states[0] + inputs[0]]),
            [steps.split(numbers)],
            [tf.zeros((1, 1))],
            1,
            reverse,
        )
        return steps.stack(sums), steps.join(sums), states[0]

    numbers = np.array([1.0, 2.0, 4.0], "float32").reshape(3, 1, 1)
    expected = [7, 6, 4] if reverse else [1, 3, 7]
    for shape in (numbers.shape, (None, 1, 1)):
        traced = tf.function(running_sum, input_signature=[tf.TensorSpec(shape)])
        stacked, joined, last = traced(numbers)
        np.testing.assert_array_equal(np.ravel(stacked), expected)
        np.testing.assert_array_equal(np.ravel(joined), expected)
        assert joined.shape == (3, 1)
        assert last.numpy().item() == 7


def test_the_recurrent_kernels_gradient_is_one_product_for_each_gate(kind, rng):
    """And not one for each step: the products of the backward loop are those for the states."""
    layer, inputs = with_weights(kind, rng)

    @tf.function
    def gradients(inputs):
        variables = [weight.value for weight in layer.trainable_variables]
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(inputs)[0])
        return tape.gradient(loss, variables)

    operations = gradients.get_concrete_function(tf.constant(inputs)).graph.get_operations()
    products = sum(operation.type == "MatMul" for operation in operations)
    gates, steps = layer.cell.num_gates, inputs.shape[1]
    forward, backward, weights = gates * (1 + steps), gates * steps, 2 * gates
    assert products <= forward + backward + weights


@pytest.mark.slow
def test_model_compiled_with_xla_trains(kind, rng):
    layer, inputs = with_weights(kind, rng)
    model = keras.Sequential([layer, keras.layers.Lambda(lambda outputs: outputs[0])])
    model.compile("sgd", "mse", jit_compile=True)
    before = layer.get_weights()
    model.fit(inputs, np.ones((3, 3, 2)), verbose=0)
    for old, new in itertools.zip_longest(before, layer.get_weights()):
        assert np.abs(old - new).max() > 0
