"""Checks of unit 2: an LSTM step, the cell that owns its weights, and a padded run."""

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


def weights_of(rng, features=4, units=3, scale=0.7):
    """A kernel, a recurrent kernel and a bias: all random, none zero."""
    return [
        normal(rng, features, 4 * units, scale=scale),
        normal(rng, units, 4 * units, scale=scale),
        normal(rng, 4 * units, scale=scale),
    ]


def cell_with(party, weights, **options):
    """A built cell of `student` or `reference` that holds these weights."""
    kernel, recurrent_kernel, _ = weights
    cell = party.LSTMCell(recurrent_kernel.shape[0], **options)
    cell.build((None, kernel.shape[0]))
    cell.set_weights(weights)
    return cell


def same_step(received, expected, when="", **tolerances):
    """Compares what `lstm_step` returned, one result after the other."""
    expect.true(
        isinstance(received, list | tuple) and len(received) == 2,
        "lstm_step should return two things: the new hidden state and the new cell state.",
    )
    for place, name in enumerate(("first result (hidden state)", "second result (cell state)")):
        expect.close(received[place], expected[place], f"{when}the {name}", **tolerances)


def same_states(function, shown, received, expected, when="", **tolerances):
    """Compares an output and a list of two states, as the cell and `run_lstm` return them."""
    expect.true(
        isinstance(received, list | tuple)
        and len(received) == 2
        and isinstance(received[1], list | tuple)
        and len(received[1]) == 2,
        f"{function} should return two things: the {shown}, and a list of two states.",
    )
    expect.close(received[0], expected[0], f"{when}the first result ({shown})", **tolerances)
    for place, name in enumerate(("first in the list (hidden state)", "second (cell state)")):
        what = f"{when}of the states, the {name}"
        expect.close(received[1][place], expected[1][place], what, **tolerances)


def same_run(received, expected, when=""):
    """Compares what `run_lstm` returned."""
    same_states("run_lstm", "outputs", received, expected, when)


def same_gradients(function, received, expected, names):
    """Compares gradients, one argument or weight after the other."""
    expect.true(
        len(received) == len(names),
        f"There should be {len(names)} gradients of {function}, one for each of {', '.join(names)}.",
    )
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
    """One step: gates in the order i, f, c, o, the new cell state, then the new hidden state."""
    usual = normal(rng, 6, 4), normal(rng, 6, 3), normal(rng, 6, 3, scale=2.0), *weights_of(rng)
    small = normal(rng, 1, 2), normal(rng, 1, 5), normal(rng, 1, 5), *weights_of(rng, 2, 5)
    wide = 100 * normal(rng, 6, 4), normal(rng, 6, 3), 5 * normal(rng, 6, 3), *weights_of(rng)
    first = student.lstm_step(*usual)
    second = student.lstm_step(*small)
    third = student.lstm_step(*wide)
    same_step(first, reference.lstm_step(*usual))
    same_step(second, reference.lstm_step(*small), "for a batch of one sequence, ")
    same_step(third, reference.lstm_step(*wide), "for very large inputs, ", atol=2e-3)


@points(1)
@needs("test_step")
def test_arguments_unchanged(student, reference, rng):
    """NumPy arrays do as well as tensors, and the caller's arrays stay as they were."""
    arguments = normal(rng, 6, 4), normal(rng, 6, 3), normal(rng, 6, 3), *weights_of(rng)
    received = student.lstm_step.numpy()(*arguments)
    same_step(received, reference.lstm_step(*arguments), "given NumPy arrays, ")


@points(1)
def test_initial_weights(student, reference, rng):
    """A new cell: kernels of the right shapes, and a bias of one for the forget gate only."""
    for features, units in ((4, 3), (2, 5)):
        cell = student.LSTMCell(units)
        cell.build((None, features))
        info, weights = cell.weights_info(), cell.get_weights()
        right = [(features, 4 * units), (units, 4 * units), (4 * units,)]
        expect.true(
            [weight.shape for weight in info] == right and all(w.trainable for w in info),
            "The cell should have three trainable weights: the kernel (D, 4U), the recurrent kernel "
            "(U, 4U) and the bias (4U,), in this order, as the stub creates them.",
        )
        expected = reference.LSTMCell(units)
        expected.build((None, features))
        expect.equal(weights[2], expected.get_weights()[2], "the initial bias")
        expect.true(
            all(np.abs(kernel).std() > 1e-3 for kernel in weights[:2]),
            "The kernels should start with random values: with equal values all units learn the same.",
        )


@points(1)
def test_cell(student, reference, rng):
    """The cell: one step with its own weights, (output, [hidden state, cell state]), no memory."""
    weights = weights_of(rng)
    inputs, other = normal(rng, 6, 4), normal(rng, 2, 4)
    states, other_states = [normal(rng, 6, 3), normal(rng, 6, 3)], [normal(rng, 2, 3)] * 2
    cell, right = cell_with(student, weights), cell_with(reference, weights)
    first = cell(inputs, states)
    again = cell(inputs, states)
    second = cell(other, other_states, training=True)
    expected = right(inputs, states)
    same_states("The cell", "output", first, expected)
    same_states("The cell", "output", again, expected, "when the same call is repeated, ")
    same_states(
        "The cell",
        "output",
        second,
        right(other, other_states, training=True),
        "for another batch and training=True, ",
    )


@points(1)
@needs("test_step", "test_cell")
def test_half_precision(student, reference, rng):
    """Half precision: float16 in, float16 out, and a cell that runs in mixed precision."""
    weights = weights_of(rng, scale=0.5)
    inputs, hidden_state, cell_state = (
        normal(rng, 6, size, scale=0.5).astype(np.float16) for size in (4, 3, 3)
    )
    half = [array.astype(np.float16) for array in weights]
    step = student.lstm_step(inputs, hidden_state, cell_state, *half)
    cell = cell_with(student, weights, dtype="mixed_float16")
    mixed = cell(inputs, [hidden_state, cell_state])
    right = cell_with(reference, weights, dtype="mixed_float16")
    loosely = {"rtol": 2e-2, "atol": 2e-2}
    same_step(
        step,
        reference.lstm_step(inputs, hidden_state, cell_state, *half),
        "in float16, ",
        **loosely,
    )
    same_states(
        "The cell",
        "output",
        mixed,
        right(inputs, [hidden_state, cell_state]),
        'with dtype="mixed_float16", ',
        **loosely,
    )


@points(1)
@needs("test_step", "test_cell")
def test_gradients(student, reference, rng):
    """Training: gradients reach the inputs, both states and every weight."""
    arguments = normal(rng, 6, 4), normal(rng, 6, 3), normal(rng, 6, 3), *weights_of(rng)
    inputs, hidden_state, cell_state, *weights = arguments
    cell, right = cell_with(student, weights), cell_with(reference, weights)
    everything = tuple(range(6))
    step = student.lstm_step.gradients(wrt=everything)(*arguments)
    call = cell.gradients(wrt=(0, 1))(inputs, [hidden_state, cell_state])
    expected_step = reference.lstm_step.gradients(wrt=everything)(*arguments)
    expected_call = right.gradients(wrt=(0, 1))(inputs, [hidden_state, cell_state])
    weights_names = ("kernel", "recurrent_kernel", "bias")
    states_names = ("hidden_state", "cell_state")
    same_gradients(
        "lstm_step",
        step.arguments,
        expected_step.arguments,
        ("inputs", *states_names, *weights_names),
    )
    same_gradients(
        "the cell",
        [call.arguments[0], *call.arguments[1]],
        [expected_call.arguments[0], *expected_call.arguments[1]],
        ("inputs", *states_names),
    )
    same_gradients("the cell", call.weights, expected_call.weights, weights_names)


@points(1)
@needs("test_cell")
def test_sequence(student, reference, rng):
    """A whole sequence: from zeros, each step with the states that the step before left."""
    usual, larger = weights_of(rng), weights_of(rng, features=2, units=5)
    inputs, longer, single = normal(rng, 6, 5, 4), normal(rng, 2, 7, 2), normal(rng, 1, 1, 4)
    cell, other_cell = cell_with(student, usual), cell_with(student, larger)
    right, other_right = cell_with(reference, usual), cell_with(reference, larger)
    first = student.run_lstm(cell, inputs)
    again = student.run_lstm(cell, inputs)
    second = student.run_lstm(other_cell, longer)
    third = student.run_lstm(cell, single)
    expected = reference.run_lstm(right, inputs)
    same_run(first, expected)
    same_run(again, expected, "when the same call is repeated, ")
    same_run(
        second,
        reference.run_lstm(other_right, longer),
        "for longer sequences and a cell of more units, ",
    )
    same_run(third, reference.run_lstm(right, single), "for one sequence with one step, ")


@points(1)
@needs("test_sequence")
def test_right_padding(student, reference, rng):
    """Padding at the end: a padded step keeps both states and shows the hidden one once more."""
    weights, inputs = weights_of(rng), normal(rng, 6, 5, 4)
    cell, right = cell_with(student, weights), cell_with(reference, weights)
    received = student.run_lstm(cell, inputs, padding_mask=RIGHT_PADDED)
    expected = reference.run_lstm(right, inputs, padding_mask=RIGHT_PADDED)
    same_run(received, expected, "with padding at the end, ")


@points(1)
@needs("test_sequence")
def test_padding_anywhere(student, reference, rng):
    """Padding anywhere: at the front, in the middle, in a whole row, or nowhere at all."""
    weights, inputs = weights_of(rng), normal(rng, 6, 5, 4)
    everything = np.ones((6, 5), dtype=bool)
    cell, right = cell_with(student, weights), cell_with(reference, weights)
    mixed = student.run_lstm(cell, inputs, padding_mask=PADDED_ANYWHERE)
    full = student.run_lstm(cell, inputs, padding_mask=everything)
    traced = student.run_lstm.traced()(cell, inputs[:, :2], padding_mask=PADDED_ANYWHERE[:, :2])
    same_run(
        mixed,
        reference.run_lstm(right, inputs, padding_mask=PADDED_ANYWHERE),
        "with padding at the front, in the middle or in a whole row, ",
    )
    same_run(
        full,
        reference.run_lstm(right, inputs, padding_mask=everything),
        "with a mask that is True everywhere, ",
    )
    same_run(
        traced,
        reference.run_lstm(right, inputs[:, :2], padding_mask=PADDED_ANYWHERE[:, :2]),
        "inside tf.function, ",
    )


@points(1)
@needs("test_sequence")
def test_gradient_through_time(student, reference, rng):
    """Training through time: the gradient reaches the input of every step that is not padding."""
    weights, inputs = weights_of(rng), normal(rng, 6, 5, 4)
    cell, right = cell_with(student, weights), cell_with(reference, weights)
    received = student.run_lstm.gradients(wrt=(1,))(cell, inputs, padding_mask=PADDED_ANYWHERE)
    expected = reference.run_lstm.gradients(wrt=(1,))(right, inputs, padding_mask=PADDED_ANYWHERE)
    same_gradients("run_lstm", received.arguments, expected.arguments, ("inputs",))
