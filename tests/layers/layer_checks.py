"""Checks that hold for every layer of the library; a layer's own test file calls them.

Weights *and biases* are drawn at random: constant weights hide swapped gates, zero biases hide
forgotten ones. A layer is called as `layer(inputs, **call)` with inputs (B, T, D) or (B, D).
"""

import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

EXACT = {"rtol": 1e-5, "atol": 2e-5}
# A few units in the last place of a half and of a bfloat16 near one.
COARSE = {"mixed_float16": 1e-2, "mixed_bfloat16": 8e-2}


def draw(rng, *shape, scale=1.0):
    return (scale * rng.normal(size=shape)).astype("float32")


def with_random_weights(layer, inputs, rng, scale=0.5):
    """Builds a layer for such inputs and gives it random weights and biases."""
    layer.build(np.shape(inputs))
    layer.set_weights([draw(rng, *value.shape, scale=scale) for value in layer.get_weights()])
    return layer


def outputs_of(layer, inputs, **call):
    return keras.tree.flatten(layer(inputs, **call))


def evaluate(layer, inputs, counts=None, **call):
    """All outputs, and the gradients of a scalar that weighs each, by inputs and weights.

    With `counts`, boolean (B, T), outputs (B, T, ...) elsewhere are made zero first.
    """
    variables = [weight.value for weight in layer.trainable_weights]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = outputs_of(layer, inputs, **call)
        if counts is not None:
            outputs = [tf.where(counts[..., None], x, tf.zeros_like(x)) for x in outputs]
        loss = tf.add_n([tf.reduce_sum(tf.sin(1.3 * tf.cast(x, tf.float32))) for x in outputs])
    return [*outputs, *tape.gradient(loss, [inputs, *variables])]


def assert_close(received, expected, **tolerance):
    """Lists of tensors: the same number, shapes and dtypes, all finite, and close."""
    assert len(received) == len(expected)
    for one, other in zip(map(np.asarray, received), map(np.asarray, expected), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert np.isfinite(one).all()
        np.testing.assert_allclose(one, other, **(tolerance or EXACT))


def check_weights(layer, shapes):
    """The layer has exactly these weights, a dictionary of names and shapes."""
    assert {weight.name: tuple(weight.shape) for weight in layer.weights} == shapes


def answer_to(make):
    """What a wrong argument is answered with, without the frame that Keras puts around it."""
    with pytest.raises(ValueError) as error:
        make()
    framed = re.search("\x1b\\[1m(.*?)\x1b\\[0m", str(error.value), re.DOTALL)
    return framed[1] if framed else str(error.value)


def check_config(layer):
    """The configuration holds every argument, and makes the same layer again."""
    arguments = inspect.signature(type(layer).__init__).parameters.values()
    named = {each.name for each in arguments if each.kind is not each.VAR_KEYWORD} - {"self"}
    assert named <= set(layer.get_config())
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def check_saved(layer, inputs, path, **call):
    """A model with the layer comes back from a `.keras` file, without being told its class."""
    entrance = keras.Input((*[None] * (np.ndim(inputs) - 2), np.shape(inputs)[-1]))
    model = keras.Model(entrance, layer(entrance, **call))
    model.save(path)
    again = keras.models.load_model(path)
    assert_close(outputs_of(again, inputs), outputs_of(model, inputs))


def check_same_everywhere(layer, inputs, **call):
    """Symbolic shapes, eager, `tf.function`, unknown sizes and XLA agree, gradients too."""
    entrance = keras.Input(batch_shape=np.shape(inputs))
    symbolic = [tuple(output.shape) for output in outputs_of(layer, entrance, **call)]
    inputs = tf.convert_to_tensor(inputs)
    assert symbolic == [tuple(output.shape) for output in outputs_of(layer, inputs, **call)]

    def run(inputs):
        return evaluate(layer, inputs, **call)

    unknown = tf.TensorSpec([None] * (inputs.shape.rank - 1) + [inputs.shape[-1]], inputs.dtype)
    expected = run(inputs)
    assert_close(tf.function(run)(inputs), expected)
    assert_close(tf.function(run, input_signature=[unknown])(inputs), expected)
    assert_close(tf.function(run, jit_compile=True)(inputs), expected)


def check_fit_step(layer, inputs, **call):
    """One step of `fit` has a finite loss and moves every weight."""
    entrance = keras.Input(np.shape(inputs)[1:])
    outputs = outputs_of(layer, entrance, **call)
    model = keras.Model(entrance, outputs)
    model.compile("sgd", ["mse"] * len(outputs))
    before = layer.get_weights()
    targets = [np.ones(output.shape, "float32") for output in outputs_of(layer, inputs, **call)]
    history = model.fit(inputs, targets, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert np.abs(new - old).max() > 0


def check_precision(make, policy, inputs, rng, **call):
    """Under mixed precision weights stay float32, outputs are narrow and near the exact ones."""
    exact = with_random_weights(make(dtype="float32"), inputs, rng)
    narrow = make(dtype=policy)
    narrow.build(np.shape(inputs))
    narrow.set_weights(exact.get_weights())
    assert {weight.dtype for weight in narrow.weights} <= {"float32"}
    for one, other in zip(
        evaluate(narrow, tf.constant(inputs), **call),
        evaluate(exact, tf.constant(inputs), **call),
        strict=True,
    ):
        scale = 1 + np.abs(other).max()
        assert np.isfinite(np.asarray(one, "float32")).all()
        assert np.abs(np.asarray(one, "float32") - other).max() < COARSE[policy] * scale
    outputs = outputs_of(narrow, inputs, **call)
    assert {output.dtype.name for output in outputs} == {policy.removeprefix("mixed_")}


def check_same_result(layer, other, inputs, **call):
    """After `set_weights` another layer gives the same outputs and gradients."""
    other.build(np.shape(inputs))
    other.set_weights(layer.get_weights())
    inputs = tf.constant(inputs)
    assert_close(evaluate(layer, inputs, **call), evaluate(other, inputs, **call))


def check_masked_steps_do_not_matter(layer, inputs, mask, rng, **call):
    """What stands at masked steps changes nothing, and a fully masked row is harmless."""
    assert not mask.any(axis=1).all()  # one row is fully masked
    noise = np.where(mask[..., None], 0, draw(rng, *np.shape(inputs), scale=9.0))
    expected = evaluate(layer, tf.constant(inputs), mask=mask, **call)
    received = evaluate(layer, tf.constant(inputs + noise), mask=mask, **call)
    assert_close(received, expected)


def check_padding_does_not_matter(layer, inputs, mask, rng, **call):
    """For layers with a `padding_mask`: what stands at padding changes no output at a real token
    and no gradient of those, and gets no gradient; a row of padding alone is harmless."""
    assert not mask.any(axis=1).all()  # one row is all padding
    noise = np.where(mask[..., None], 0, draw(rng, *np.shape(inputs), scale=9.0))
    call |= {"padding_mask": tf.constant(mask), "counts": mask}
    expected = evaluate(layer, tf.constant(inputs), **call)
    assert_close(evaluate(layer, tf.constant(inputs + noise), **call), expected)
    by_inputs = expected[-1 - len(layer.trainable_weights)]
    assert not np.any(np.asarray(by_inputs)[~mask])
    everywhere = evaluate(layer, tf.constant(inputs), padding_mask=tf.constant(mask))
    assert all(np.isfinite(np.asarray(x)).all() for x in everywhere)
    assert np.abs(layer(inputs) - layer(inputs, padding_mask=mask)).max() > 0


def check_cache(layer, inputs, prefill, key_mask=None):
    """A part of (B, T, D) at once and then single steps give what the whole gives.

    With `key_mask` (B, T), steps that are not real are hidden; their own outputs do not count.
    """
    batch, steps = np.shape(inputs)[:2]
    expected = layer(inputs, padding_mask=key_mask)
    mask = None if key_mask is None else np.pad(key_mask, [(0, 0), (0, 2)], constant_values=True)

    @tf.function(reduce_retracing=True)
    def step(inputs, cache, index):
        return layer.call_with_cache(inputs, cache, index, mask)

    for call in (layer.call_with_cache, step):
        # Larger than needed: places that are not reached yet must not be seen.
        cache = tf.nest.map_structure(lambda x: x + 99, initial_cache(layer, batch, steps + 2))
        parts = []
        for first, last in [(0, prefill), *((i, i + 1) for i in range(prefill, steps))]:
            extra = (mask,) if call == layer.call_with_cache else ()
            part, cache = call(inputs[:, first:last], cache, tf.constant(first), *extra)
            parts.append(part)
        received = np.concatenate(parts, axis=1)
        counts = np.ones((batch, steps), bool) if key_mask is None else key_mask
        assert_close([received[counts]], [np.asarray(expected)[counts]])


def initial_cache(layer, batch, length):
    return getattr(layer, "attention", layer).initial_cache(batch, length)


def check_causal(layer, inputs, rng, **call):
    """Outputs (B, T, U) do not depend on later steps: by perturbation and by gradient."""
    steps = np.shape(inputs)[1]
    step = steps // 2
    changed = inputs.copy()
    changed[:, step:] += draw(rng, *changed[:, step:].shape)
    before, after = (outputs_of(layer, x, **call)[0] for x in (inputs, changed))
    np.testing.assert_array_equal(before[:, :step], after[:, :step])
    assert np.abs(before[:, step:] - after[:, step:]).min(axis=(0, 2)).max() > 0
    inputs = tf.constant(inputs)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = tf.reduce_sum(outputs_of(layer, inputs, **call)[0][:, step])
    by_step = tf.reduce_sum(tf.abs(tape.gradient(output, inputs)), axis=[0, 2]).numpy()
    assert (by_step[: step + 1] > 0).all()
    assert (by_step[step + 1 :] == 0).all()


def check_overfits(layer, inputs, targets, steps=150, below=0.05):
    """A model of the layer and a projection learns a few examples by heart."""
    model = keras.Sequential([layer, keras.layers.Dense(targets.shape[-1])])
    model.compile(keras.optimizers.Adam(0.03), "mse")
    inputs, targets = np.tile(inputs, (steps, 1, 1)), np.tile(targets, (steps, 1))
    examples = len(targets) // steps
    model.fit(inputs, targets, batch_size=examples, shuffle=False, verbose=0)
    loss = np.square(model(inputs[:examples]) - targets[:examples]).mean()
    assert loss < below * np.var(targets)
