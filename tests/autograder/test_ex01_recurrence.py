"""Checks of unit 1: a recurrent step, a padded run, its gradient by step, and its cost."""

import numpy as np

from coursekit.grading import expect, needs, normal, points

RIGHT_PADDED = np.array([[step < length for step in range(5)] for length in (3, 4, 1, 4, 2, 3)])
PADDED_ANYWHERE = np.array(
    [
        [1, 0, 0, 1, 1],
        [1, 1, 1, 1, 1],
        [1, 1, 1, 0, 0],
        [0, 0, 1, 1, 1],
        [0, 0, 0, 0, 0],
        [0, 1, 0, 1, 0],
    ],
    dtype=bool,
)


def network(rng, batch=6, features=4, units=3, scale=0.7):
    """An initial state and the weights of a network: all random, none zero."""
    return (
        normal(rng, batch, units, scale=0.5),
        normal(rng, features, units, scale=scale),
        normal(rng, units, units, scale=scale),
        normal(rng, units, scale=0.5),
    )


@points(1)
def test_step(student, reference, rng):
    """One step: tanh of the input's part, the state's part and the bias together."""
    inputs, alone = normal(rng, 6, 4), normal(rng, 1, 2)
    usual, small = network(rng), network(rng, batch=1, features=2, units=5)
    wide = 100 * normal(rng, 6, 4)
    first = student.rnn_step(inputs, *usual)
    second = student.rnn_step(alone, *small)
    third = student.rnn_step(wide, *usual)
    expect.close(first, reference.rnn_step(inputs, *usual), "the new state")
    expect.close(
        second, reference.rnn_step(alone, *small), "the new state of a batch of one sequence"
    )
    expect.close(
        third, reference.rnn_step(wide, *usual), "the new state after very large inputs", atol=1e-3
    )


@points(1)
def test_sequence(student, reference, rng):
    """A whole sequence: each step starts from the state that the step before left."""
    inputs, longer, single = normal(rng, 6, 5, 4), normal(rng, 2, 7, 2), normal(rng, 1, 1, 4)
    usual, larger = network(rng), network(rng, batch=2, features=2, units=5)
    alone = (usual[0][:1], *usual[1:])
    first = student.run_rnn(inputs, *usual)
    second = student.run_rnn(longer, *larger)
    third = student.run_rnn(single, *alone)
    what = "the outputs and the last state"
    expect.close(first, reference.run_rnn(inputs, *usual), what)
    expect.close(
        second, reference.run_rnn(longer, *larger), f"{what} of longer sequences, with more units"
    )
    expect.close(third, reference.run_rnn(single, *alone), f"{what} of one sequence with one step")


@points(1)
@needs("test_sequence")
def test_right_padding(student, reference, rng):
    """Padding at the end: a padded step keeps the state and shows it once more."""
    inputs, usual = normal(rng, 6, 5, 4), network(rng)
    received = student.run_rnn(inputs, *usual, padding_mask=RIGHT_PADDED)
    expect.close(
        received,
        reference.run_rnn(inputs, *usual, padding_mask=RIGHT_PADDED),
        "the outputs and the last state of sequences padded at the end",
    )


@points(1)
@needs("test_sequence")
def test_padding_anywhere(student, reference, rng):
    """Padding anywhere: at the front, in the middle, in a whole row, or nowhere at all."""
    inputs, usual = normal(rng, 6, 5, 4), network(rng)
    everything = np.ones((6, 5), dtype=bool)
    mixed = student.run_rnn(inputs, *usual, padding_mask=PADDED_ANYWHERE)
    full = student.run_rnn(inputs, *usual, padding_mask=everything)
    unknown_batch = {0: (0,), 1: (0,), "padding_mask": (0,)}
    traced = student.run_rnn.traced(dynamic=unknown_batch)(
        inputs[:, :2], *usual, padding_mask=PADDED_ANYWHERE[:, :2]
    )
    expect.close(
        mixed,
        reference.run_rnn(inputs, *usual, padding_mask=PADDED_ANYWHERE),
        "the outputs and the last state, with padding at the front, in the middle or everywhere",
    )
    expect.close(
        full,
        reference.run_rnn(inputs, *usual, padding_mask=everything),
        "the outputs and the last state, with a mask that is True everywhere",
    )
    expect.close(
        traced,
        reference.run_rnn(inputs[:, :2], *usual, padding_mask=PADDED_ANYWHERE[:, :2]),
        "the outputs and the last state inside tf.function, where the batch size is unknown",
    )


@points(1)
@needs("test_sequence")
def test_arguments_unchanged(student, reference, rng):
    """The caller's arrays stay as they were, and a second call gives the same answer."""
    inputs, usual = normal(rng, 6, 5, 4), network(rng)
    step = student.rnn_step.numpy()(inputs[:, 0], *usual)
    first = student.run_rnn.numpy()(inputs, *usual, padding_mask=RIGHT_PADDED)
    second = student.run_rnn.numpy()(inputs, *usual, padding_mask=RIGHT_PADDED)
    expected = reference.run_rnn(inputs, *usual, padding_mask=RIGHT_PADDED)
    expect.close(step, reference.rnn_step(inputs[:, 0], *usual), "the new state, from NumPy arrays")
    expect.close(first, expected, "the outputs and the last state, from NumPy arrays")
    expect.close(second, expected, "the outputs and the last state of a second, equal call")


@points(1)
@needs("test_sequence")
def test_half_precision(student, reference, rng):
    """Half precision: float16 in, float16 out, with and without padding."""
    inputs = normal(rng, 6, 5, 4, scale=0.5).astype(np.float16)
    usual = [array.astype(np.float16) for array in network(rng, scale=0.5)]
    step = student.rnn_step(inputs[:, 0], *usual)
    plain = student.run_rnn(inputs, *usual)
    padded = student.run_rnn(inputs, *usual, padding_mask=PADDED_ANYWHERE)
    loosely = {"rtol": 2e-2, "atol": 2e-2}
    expect.close(
        step, reference.rnn_step(inputs[:, 0], *usual), "the new state in float16", **loosely
    )
    what = "the outputs and the last state in float16"
    expect.close(plain, reference.run_rnn(inputs, *usual), what, **loosely)
    expect.close(
        padded,
        reference.run_rnn(inputs, *usual, padding_mask=PADDED_ANYWHERE),
        f"{what}, with padding",
        **loosely,
    )


@points(1)
@needs("test_sequence")
def test_gradients(student, reference, rng):
    """Training: gradients reach the inputs, the initial state and every weight, through all steps."""
    inputs, usual = normal(rng, 6, 5, 4), network(rng)
    everything = tuple(range(5))
    step = student.rnn_step.gradients(wrt=everything)(inputs[:, 0], *usual)
    run = student.run_rnn.gradients(wrt=everything)(inputs, *usual, padding_mask=PADDED_ANYWHERE)
    expected_step = reference.rnn_step.gradients(wrt=everything)(inputs[:, 0], *usual)
    expected_run = reference.run_rnn.gradients(wrt=everything)(
        inputs, *usual, padding_mask=PADDED_ANYWHERE
    )
    names = ("inputs", "state", "kernel", "recurrent_kernel", "bias")
    for place, name in enumerate(names):
        expect.close(
            step.arguments[place],
            expected_step.arguments[place],
            f"the gradient of rnn_step with respect to {name}",
            rtol=1e-3,
            atol=1e-4,
        )
    for place, name in enumerate(names):
        expect.close(
            run.arguments[place],
            expected_run.arguments[place],
            f"the gradient of run_rnn with respect to {name.replace('state', 'initial_state')}",
            rtol=1e-3,
            atol=1e-4,
        )


@points(2)
@needs("test_sequence")
def test_gradient_by_step(student, reference, rng):
    """The gradient by step: one norm for each step, from the first input to the last."""
    inputs, single = normal(rng, 6, 5, 4), normal(rng, 1, 1, 4)
    fading, growing = network(rng, scale=0.4), network(rng, scale=1.2)
    alone = (fading[0][:1], *fading[1:])
    first = student.gradient_by_step(inputs, *fading)
    second = student.gradient_by_step(inputs, *growing)
    third = student.gradient_by_step(single, *alone)
    expect.close(
        first, reference.gradient_by_step(inputs, *fading), "the gradient by step", 1e-3, 1e-5
    )
    expect.close(
        second,
        reference.gradient_by_step(inputs, *growing),
        "the gradient by step of a network with larger weights",
        1e-3,
        1e-4,
    )
    expect.close(
        third,
        reference.gradient_by_step(single, *alone),
        "the gradient by step of one sequence with one step",
        1e-3,
        1e-5,
    )


@points(1)
def test_sequential_operations(student, reference, rng):
    """What has to wait: the longest chain of operations, for each kind, length and depth."""
    length, depth = int(rng.integers(20, 400)), int(rng.integers(3, 12))
    cases = [(1, 1), (7, 1), (1, 4), (5, 2), (2, 5), (length, depth)]
    for kind in ("rnn", "attention"):
        received = [student.sequential_operations(kind, *case) for case in cases]
        expected = [reference.sequential_operations(kind, *case) for case in cases]
        for (steps, layers), answer, right in zip(cases, received, expected, strict=True):
            expect.equal(answer, right, f'sequential_operations("{kind}", {steps}, {layers})')
    message = expect.raises("ValueError", student.sequential_operations, "convolution", 5, 2)
    expect.true(
        "convolution" in message,
        'The message of the ValueError should end with what came in: Received: kind="convolution".',
    )
