"""Checks of unit 3: a GRU step in both forms, and the cell that can be either."""

import numpy as np

from coursekit.grading import expect, needs, normal, points

ARGUMENTS = ("inputs", "state", "kernel", "recurrent_kernel", "bias")
WEIGHTS = ("kernel", "recurrent kernel", "bias")


def weights_of(rng, reset_after, features=4, units=3, scale=0.7):
    """A kernel, a recurrent kernel and a bias of the form's shape: all random, none zero."""
    rows = (2,) if reset_after else ()
    return [
        normal(rng, features, 3 * units, scale=scale),
        normal(rng, units, 3 * units, scale=scale),
        normal(rng, *rows, 3 * units, scale=scale),
    ]


def arguments_of(rng, reset_after, batch=6, features=4, units=3, scale=0.7):
    """Everything a step takes."""
    return (
        normal(rng, batch, features),
        normal(rng, batch, units),
        *weights_of(rng, reset_after, features, units, scale),
    )


def cell_with(party, weights, **options):
    """A built cell of `student` or `reference` that holds these weights."""
    kernel, recurrent_kernel, _ = weights
    cell = party.GRUCell(recurrent_kernel.shape[0], **options)
    cell.build((None, kernel.shape[0]))
    cell.set_weights(weights)
    return cell


def same_gradient(received, expected, what):
    """A gradient arrives, and it is the right one."""
    expect.true(
        received is not None,
        f"No gradient reaches {what}. Something on the way is not made of TensorFlow's operations, "
        "or stops the gradient.",
    )
    expect.close(received, expected, f"the gradient with respect to {what}", rtol=1e-3, atol=1e-4)


def same_result(received, expected, when="", **tolerances):
    """What the cell returned: the output, and a list with the new state."""
    expect.true(
        isinstance(received, list | tuple)
        and len(received) == 2
        and isinstance(received[1], list | tuple)
        and len(received[1]) == 1,
        "The cell should return two things: the output, and a list with one tensor, the new state.",
    )
    expect.close(received[0], expected[0], f"the cell's output{when}", **tolerances)
    expect.close(received[1][0], expected[1][0], f"the cell's new state{when}", **tolerances)


def check_edges(step, right, rng, reset_after):
    """A batch of one, huge inputs, half precision; the caller's arrays stay as they are."""
    small = arguments_of(rng, reset_after, batch=1, features=2, units=5)
    single = arguments_of(rng, reset_after, batch=1, features=1, units=1)
    usual = arguments_of(rng, reset_after)
    wide = (100 * usual[0], *usual[1:])
    half = [
        array.astype(np.float16) for array in arguments_of(rng, reset_after, units=5, scale=0.5)
    ]
    received = [step.numpy()(*small), step(*single), step(*wide), step(*half)]
    expect.close(received[0], right(*small), "the new state of a batch of one sequence")
    expect.close(received[1], right(*single), "the new state with one input and one unit")
    expect.close(received[2], right(*wide), "the new state after very large inputs", atol=2e-3)
    expect.close(received[3], right(*half), "the new state in float16", rtol=2e-2, atol=2e-2)


def check_training(step, right, rng, reset_after):
    """The right gradient for every argument, and the same values in a graph."""
    arguments = arguments_of(rng, reset_after)
    everything = tuple(range(5))
    received = step.gradients(wrt=everything)(*arguments)
    traced = step.traced(dynamic={0: (0,), 1: (0,)})(*arguments)
    expected = right.gradients(wrt=everything)(*arguments)
    for name, one, other in zip(ARGUMENTS, received.arguments, expected.arguments, strict=True):
        same_gradient(one, other, name)
    expect.close(traced, right(*arguments), "the new state inside tf.function")


@points(1)
def test_step(student, reference, rng):
    """gru_step: gates in the order z, r, h, and the reset gate before the product."""
    arguments = arguments_of(rng, reset_after=False)
    received = student.gru_step(*arguments)
    expect.close(received, reference.gru_step(*arguments), "the new state")


@points(1)
@needs("test_step")
def test_step_edges(student, reference, rng):
    """gru_step: a batch of one, huge inputs, float16, and no argument changed in place."""
    check_edges(student.gru_step, reference.gru_step, rng, reset_after=False)


@points(1)
@needs("test_step")
def test_step_training(student, reference, rng):
    """gru_step: a gradient for every argument, and the same result inside tf.function."""
    check_training(student.gru_step, reference.gru_step, rng, reset_after=False)


@points(1)
def test_reset_after(student, reference, rng):
    """gru_step_reset_after: two biases, and the reset gate after the product."""
    arguments = arguments_of(rng, reset_after=True)
    received = student.gru_step_reset_after(*arguments)
    expect.close(received, reference.gru_step_reset_after(*arguments), "the new state")


@points(1)
@needs("test_reset_after")
def test_reset_after_edges(student, reference, rng):
    """gru_step_reset_after: a batch of one, huge inputs, float16, no argument changed in place."""
    check_edges(student.gru_step_reset_after, reference.gru_step_reset_after, rng, reset_after=True)


@points(1)
@needs("test_reset_after")
def test_reset_after_training(student, reference, rng):
    """gru_step_reset_after: a gradient for every argument, the same result inside tf.function."""
    check_training(
        student.gru_step_reset_after, reference.gru_step_reset_after, rng, reset_after=True
    )


@points(1)
def test_weights(student, reference, rng):
    """A new cell: two kernels, and a zero bias of the shape that its form of the step takes."""
    for features, units, reset_after in ((4, 3, True), (2, 5, False)):
        cell = student.GRUCell(units, reset_after=reset_after)
        cell.build((None, features))
        info, values = cell.weights_info(), cell.get_weights()
        bias = (2, 3 * units) if reset_after else (3 * units,)
        right = [(features, 3 * units), (units, 3 * units), bias]
        received = [weight.shape for weight in info]
        expect.true(
            received == right,
            f"With D={features}, U={units} and reset_after={reset_after} the weights (kernel, "
            f"recurrent kernel, bias) should have the shapes {right}; received {received}.",
        )
        expect.true(
            all(weight.trainable for weight in info), "All three weights should be trainable."
        )
        expect.equal(values[2], np.zeros(bias, np.float32), "the initial bias")
        expect.true(
            all(kernel.std() > 1e-3 for kernel in values[:2]),
            "The kernels should start with random values: with equal values all units learn the same.",
        )


@points(1)
@needs("test_weights")
def test_cell(student, reference, rng):
    """The cell: (output, [state]) in the form that reset_after asks for, True unless said."""
    inputs, state = normal(rng, 6, 4), normal(rng, 6, 3)
    after, before = weights_of(rng, reset_after=True), weights_of(rng, reset_after=False)
    usual, first_form = cell_with(student, after), cell_with(student, before, reset_after=False)
    first = usual(inputs, [state])
    second = first_form(inputs, (state,), training=True)
    right = cell_with(reference, after)
    same_result(first, right(inputs, [state]))
    right = cell_with(reference, before, reset_after=False)
    same_result(second, right(inputs, (state,), training=True), " with reset_after=False")


@points(1)
@needs("test_cell")
def test_cell_over_time(student, reference, rng):
    """The cell over time: two sequences by turns, each with its own state, no memory of the other."""
    weights = weights_of(rng, reset_after=True)
    sequences, states = normal(rng, 2, 2, 6, 4), normal(rng, 2, 2, 6, 3)  # sequence, time, B, ...
    cell, right = cell_with(student, weights), cell_with(reference, weights)
    turns = [(one, time) for time in range(2) for one in range(2)]
    received = [cell(sequences[one, time], [states[one, time]]) for one, time in turns]
    again = cell(sequences[0, 0], [states[0, 0]])
    expected = [right(sequences[one, time], [states[one, time]]) for one, time in turns]
    for (one, time), result, wanted in zip(turns, received, expected, strict=True):
        same_result(result, wanted, f" for sequence {one + 1} at step {time + 1}")
    same_result(again, expected[0], " when the first call is repeated")


@points(1)
@needs("test_cell")
def test_cell_training(student, reference, rng):
    """The cell in training: a gradient for every weight, and mixed precision."""
    inputs, state = normal(rng, 6, 4, scale=0.5), normal(rng, 6, 3, scale=0.5)
    after, before = (weights_of(rng, form, scale=0.5) for form in (True, False))
    cells = [cell_with(student, after), cell_with(student, before, reset_after=False)]
    right = [cell_with(reference, after), cell_with(reference, before, reset_after=False)]
    gradients = [cell.gradients(wrt=(0, 1))(inputs, [state]) for cell in cells]
    mixed = cell_with(student, after, dtype="mixed_float16")(inputs, [state])
    for form, received, cell in zip((True, False), gradients, right, strict=True):
        expected = cell.gradients(wrt=(0, 1))(inputs, [state])
        where = f"of the cell with reset_after={form}"
        for name, one, other in zip(WEIGHTS, received.weights, expected.weights, strict=True):
            same_gradient(one, other, f"the {name} {where}")
        same_gradient(received.arguments[0], expected.arguments[0], f"the inputs {where}")
        same_gradient(received.arguments[1][0], expected.arguments[1][0], f"the state {where}")
    right = cell_with(reference, after, dtype="mixed_float16")
    expected = right(inputs, [state])
    same_result(mixed, expected, ' with dtype="mixed_float16"', rtol=2e-2, atol=2e-2)
