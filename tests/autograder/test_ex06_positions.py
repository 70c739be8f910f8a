"""Checks of unit 6: sinusoidal encoding, its layer, and the learned table of positions."""

import numpy as np

from coursekit.grading import expect, needs, normal, points

FAR = {"rtol": 0, "atol": 1e-2}  # angles of thousands, in float32


def learned(party, table, **options):
    """A layer with this table, (sequence_length, D)."""
    layer = party.LearnedPositionEmbedding(len(table), **options)
    layer.build((None, None, table.shape[-1]))
    layer.set_weights([table])
    return layer


def whole_start(number):
    return np.array(number, dtype="int32")


@points(2)
def test_encoding(student, reference, rng):
    """Sines and cosines alternate; each pair turns more slowly than the pair before."""
    sizes = (6, 8), (5, 2), (1, 4), (7, 6), (4, 12)
    received = [student.sinusoidal_encoding(*size) for size in sizes]
    for size, one in zip(sizes, received, strict=True):
        what = f"the encoding of {size[0]} positions of width {size[1]}"
        expect.close(one, reference.sinusoidal_encoding(*size), what)


@points(1)
@needs("test_encoding")
def test_odd_width(student, reference, rng):
    """Odd widths: the last column is a sine."""
    sizes = (5, 7), (4, 3), (6, 1), (3, 5)
    received = [student.sinusoidal_encoding(*size) for size in sizes]
    for size, one in zip(sizes, received, strict=True):
        what = f"the encoding of {size[0]} positions of width {size[1]}"
        expect.close(one, reference.sinusoidal_encoding(*size), what)


@points(1)
@needs("test_encoding")
def test_wavelengths(student, reference, rng):
    """Other wavelengths than 10,000."""
    sizes = (6, 8, 100), (5, 6, 37.5), (4, 4, 1000000)
    received = [student.sinusoidal_encoding(*size) for size in sizes]
    named = student.sinusoidal_encoding(6, 8, max_wavelength=100)
    for size, one in zip(sizes, received, strict=True):
        what = f"the encoding with max_wavelength={size[2]}"
        expect.close(one, reference.sinusoidal_encoding(*size), what)
    expected = reference.sinusoidal_encoding(6, 8, max_wavelength=100)
    expect.close(named, expected, "the encoding with max_wavelength=100")


@points(1)
def test_sinusoidal_layer(student, reference, rng):
    """SinusoidalPositionEncoding: the encoding is added to each step, in every row of the batch."""
    usual, other, alone = normal(rng, 3, 5, 8), normal(rng, 2, 7, 8), normal(rng, 1, 1, 8)
    square, narrow = normal(rng, 4, 4, 4), normal(rng, 1, 3, 2)
    layer, short = student.SinusoidalPositionEncoding(), student.SinusoidalPositionEncoding(50)
    cases = (usual, other, alone, usual)
    received = [layer(inputs) for inputs in cases]
    received += [student.SinusoidalPositionEncoding()(inputs) for inputs in (square, narrow)]
    shorter = short(usual)
    info = layer.weights_info()
    gradient = layer.gradients(wrt=(0,))(usual).arguments[0]
    for inputs, one in zip((*cases, square, narrow), received, strict=True):
        expected = reference.SinusoidalPositionEncoding()(inputs)
        expect.close(one, expected, f"for inputs {inputs.shape}, the outputs")
    expected = reference.SinusoidalPositionEncoding(50)(usual)
    expect.close(shorter, expected, "of a layer with max_wavelength=50, the outputs")
    expect.true(
        not any(weight.trainable for weight in info),
        "SinusoidalPositionEncoding has trainable weights; its encoding is prescribed, not learned.",
    )
    right = reference.SinusoidalPositionEncoding()
    expected = right.gradients(wrt=(0,))(usual).arguments[0]
    expect.close(gradient, expected, "the gradient with respect to the inputs")


@points(1)
@needs("test_sinusoidal_layer")
def test_sinusoidal_start(student, reference, rng):
    """SinusoidalPositionEncoding: start_index is the position of the first step."""
    inputs = normal(rng, 2, 6, 8)
    layer = student.SinusoidalPositionEncoding()
    later = layer(inputs, start_index=4)
    step = layer(inputs[:, 2:3], start_index=2)
    tensor = layer(inputs, start_index=whole_start(9))
    traced = layer.traced(dynamic={0: (0, 1)})(inputs, start_index=whole_start(3))
    after = layer(inputs, start_index=5)
    right = reference.SinusoidalPositionEncoding()
    expect.close(later, right(inputs, start_index=4), "with start_index=4, the outputs")
    expected = right(inputs)[:, 2:3]
    expect.close(step, expected, "the third step alone, with start_index=2,")
    expect.close(tensor, right(inputs, start_index=9), "with start_index a tensor, the outputs")
    what = "inside tf.function, B and T unknown while tracing and start_index a tensor, the outputs"
    expect.close(traced, right(inputs, start_index=3), what)
    expected = right(inputs, start_index=5)
    expect.close(
        after, expected, "after a call inside tf.function, the outputs of an ordinary call"
    )


@points(1)
def test_learned_layer(student, reference, rng):
    """LearnedPositionEmbedding: row t of the table is added to step t."""
    table, square = normal(rng, 7, 5), normal(rng, 4, 4)
    cases = normal(rng, 3, 4, 5), normal(rng, 2, 7, 5), normal(rng, 1, 1, 5), normal(rng, 4, 4, 5)
    layer, small = learned(student, table), learned(student, square)
    received = [layer(inputs) for inputs in cases]
    full = small(cases[3][..., :4])
    shapes = [info.shape for info in layer.weights_info()]
    right = learned(reference, table)
    expect.true(
        shapes == [(7, 5)],
        "LearnedPositionEmbedding should have one weight, the table that the given `build` makes.",
    )
    for inputs, one in zip(cases, received, strict=True):
        what = f"for inputs {inputs.shape} and a table {table.shape}, the outputs"
        expect.close(one, right(inputs), what)
    expected = learned(reference, square)(cases[3][..., :4])
    expect.close(full, expected, "for inputs (4, 4, 4) and a table (4, 4), the outputs")


@points(1)
@needs("test_learned_layer")
def test_learned_start(student, reference, rng):
    """LearnedPositionEmbedding: start_index is the position of the first step."""
    table, inputs = normal(rng, 9, 5), normal(rng, 2, 4, 5)
    layer = learned(student, table)
    middle = layer(inputs, start_index=3)
    last = layer(inputs, start_index=5)
    step = layer(inputs[:, :1], start_index=8)
    tensor = layer(inputs, start_index=whole_start(2))
    traced = layer.traced(dynamic={0: (0, 1)})(inputs, start_index=whole_start(4))
    right = learned(reference, table)
    expect.close(middle, right(inputs, start_index=3), "with start_index=3, the outputs")
    what = "where the last step has the last row of the table, the outputs"
    expect.close(last, right(inputs, start_index=5), what)
    expected = right(inputs[:, :1], start_index=8)
    expect.close(step, expected, "a single step with start_index=8, the outputs")
    expect.close(tensor, right(inputs, start_index=2), "with start_index a tensor, the outputs")
    what = "inside tf.function, B and T unknown while tracing and start_index a tensor, the outputs"
    expect.close(traced, right(inputs, start_index=4), what)


@points(1)
@needs("test_learned_layer")
def test_learned_gradient(student, reference, rng):
    """LearnedPositionEmbedding: a gradient reaches the inputs and the rows in use, no others."""
    table, inputs = normal(rng, 6, 5), normal(rng, 3, 3, 5)
    received = learned(student, table).gradients(wrt=(0,))(inputs, start_index=2)
    expected = learned(reference, table).gradients(wrt=(0,))(inputs, start_index=2)
    expect.close(
        received.arguments[0], expected.arguments[0], "the gradient with respect to the inputs"
    )
    expect.true(
        len(received.weights) == 1,
        "The table is not trainable: its positions could not be learned.",
    )
    expect.close(received.weights[0], expected.weights[0], "the gradient with respect to the table")


@points(1)
@needs("test_wavelengths", "test_sinusoidal_start", "test_learned_start")
def test_far_and_half(student, reference, rng):
    """Positions in the thousands, also in layers of half precision: float16 in and out."""
    inputs, table = normal(rng, 2, 4, 6), normal(rng, 5, 6)
    half = {"dtype": "mixed_float16"}
    long = student.sinusoidal_encoding(3001, 6)
    far = student.SinusoidalPositionEncoding()(inputs, start_index=2500)
    waves = student.SinusoidalPositionEncoding(**half)(inputs, start_index=2500)
    rows = learned(student, table, **half)(inputs, start_index=1)
    expect.shape(long, (3001, 6), "the encoding of 3,001 positions")
    expected = reference.sinusoidal_encoding(3001, 6)
    expect.close(long, expected, "the encoding of 3,001 positions", **FAR)
    expected = reference.SinusoidalPositionEncoding()(inputs, start_index=2500)
    expect.close(far, expected, "with start_index=2500, the outputs", **FAR)
    expected = reference.SinusoidalPositionEncoding(**half)(inputs, start_index=2500)
    what = 'of SinusoidalPositionEncoding(dtype="mixed_float16") with start_index=2500, the outputs'
    expect.close(waves, expected, what, rtol=5e-3, atol=2e-2)
    expected = learned(reference, table, **half)(inputs, start_index=1)
    what = 'of LearnedPositionEmbedding(dtype="mixed_float16"), the outputs'
    expect.close(rows, expected, what, rtol=5e-3, atol=5e-3)
