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


def same_run(received, expected, when="", **tolerances):
    """Compares what `run_rnn` returned, one result after the other."""
    expect.true(
        isinstance(received, list | tuple) and len(received) == 2,
        "run_rnn should return two things: the outputs and the last state.",
    )
    expect.close(received[0], expected[0], f"{when}the first result (the outputs)", **tolerances)
    expect.close(
        received[1], expected[1], f"{when}the second result (the last state)", **tolerances
    )


def same_gradients(function, received, expected, names):
    """Compares gradients, one argument after the other."""
    for name, one, other in zip(names, received, expected, strict=True):
        expect.true(
            one is not None,
            f"No gradient reaches {name} of {function}: on the way from there to the result "
            "something stops the gradient or leaves TensorFlow.",
        )
        what = f"the gradient of {function} with respect to {name}"
        expect.close(one, other, what, rtol=1e-3, atol=1e-4)


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
    again = student.run_rnn(inputs, *usual)
    second = student.run_rnn(longer, *larger)
    third = student.run_rnn(single, *alone)
    expected = reference.run_rnn(inputs, *usual)
    same_run(first, expected)
    same_run(again, expected, "when the same call is repeated, ")
    same_run(
        second, reference.run_rnn(longer, *larger), "for longer sequences and with more units, "
    )
    same_run(third, reference.run_rnn(single, *alone), "for one sequence with one step, ")


@points(1)
@needs("test_sequence")
def test_right_padding(student, reference, rng):
    """Padding at the end: a padded step keeps the state and shows it once more."""
    inputs, usual = normal(rng, 6, 5, 4), network(rng)
    received = student.run_rnn(inputs, *usual, padding_mask=RIGHT_PADDED)
    expected = reference.run_rnn(inputs, *usual, padding_mask=RIGHT_PADDED)
    same_run(received, expected, "with padding at the end, ")


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
    same_run(
        mixed,
        reference.run_rnn(inputs, *usual, padding_mask=PADDED_ANYWHERE),
        "with padding at the front, in the middle or in a whole row, ",
    )
    same_run(
        full,
        reference.run_rnn(inputs, *usual, padding_mask=everything),
        "with a mask that is True everywhere, ",
    )
    same_run(
        traced,
        reference.run_rnn(inputs[:, :2], *usual, padding_mask=PADDED_ANYWHERE[:, :2]),
        "inside tf.function, where the batch size is unknown, ",
    )


@points(1)
@needs("test_sequence")
def test_arguments_unchanged(student, reference, rng):
    """NumPy arrays do as well as tensors, and the caller's arrays stay as they were."""
    inputs, usual = normal(rng, 6, 5, 4), network(rng)
    step = student.rnn_step.numpy()(inputs[:, 0], *usual)
    first = student.run_rnn.numpy()(inputs, *usual, padding_mask=RIGHT_PADDED)
    expected = reference.run_rnn(inputs, *usual, padding_mask=RIGHT_PADDED)
    expect.close(step, reference.rnn_step(inputs[:, 0], *usual), "the new state, from NumPy arrays")
    same_run(first, expected, "given NumPy arrays, ")


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
    same_run(plain, reference.run_rnn(inputs, *usual), "in float16, ", **loosely)
    same_run(
        padded,
        reference.run_rnn(inputs, *usual, padding_mask=PADDED_ANYWHERE),
        "in float16 and with padding, ",
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
    weights = ("kernel", "recurrent_kernel", "bias")
    same_gradients(
        "rnn_step", step.arguments, expected_step.arguments, ("inputs", "state", *weights)
    )
    same_gradients(
        "run_rnn", run.arguments, expected_run.arguments, ("inputs", "initial_state", *weights)
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
