"""Toys that checks hand to a student's functions, and graphs that run many times."""

import numpy as np
import pytest

from coursekit.grading.expect import StudentError
from coursekit.grading.handle import Party, RemoteModule, RemoteObject
from coursekit.grading.workers import JobRequest

SOURCE = """
import tensorflow as tf

total = None


def apply(optimizer, model, gradients):
    optimizer.apply(gradients, model.trainable_weights)


def ask(next_logits, token_ids, mask):
    return next_logits(token_ids, mask)


def lengths(batches):
    return [batch[0].shape[1] for batch in batches]


def accumulate(model, number):
    model.bias.assign_add(tf.ones_like(model.bias) * number)
    return model.bias[0]


def constant(token_ids, mask):
    return tf.zeros((2, 3, 4))
"""


@pytest.fixture
def party(zygote):
    """A worker with the functions above."""
    one = Party(zygote, JobRequest("ex02_lstm"), SOURCE)
    one.begin("test_toys", 0, 20.0)
    yield RemoteModule(one)
    one.close()


def a_model(party):
    model = party.make("NextTokenModel", 4, 2)
    model.build((None, None))
    return model


def test_a_toy_is_a_handle_whose_weights_are_read_back(party):
    model, optimizer = a_model(party), party.make("SGD", 0.5, momentum=0.9)
    assert isinstance(model, RemoteObject)
    shapes = [info.shape for info in model.weights_info() if info.trainable]
    weights = [np.ones(shape, np.float32) for shape in shapes] + [np.float32(3)]
    model.set_weights(weights)
    party.apply(optimizer, model, [np.full(shape, 2, np.float32) for shape in shapes])
    after = model.get_weights()
    assert all((array == 0).all() for array in after[:-1])
    assert after[-1] == 3
    assert optimizer.attribute("iterations") == 1


def test_an_iterator_is_gone_through_once(party):
    batches = [(np.zeros((1, n), np.int32), np.ones((1, n), bool)) for n in (2, 5)]
    iterator = party.make("iterator", batches)
    assert [party.lengths(batches), party.lengths(batches)] == [[2, 5], [2, 5]]
    assert [party.lengths(iterator), party.lengths(iterator)] == [[2, 5], []]


def test_the_small_model_is_causal_and_shows_how_it_is_called(party):
    rng = np.random.default_rng(0)
    model = a_model(party)
    infos = model.weights_info()
    model.set_weights([rng.normal(size=info.shape).astype(np.float32) for info in infos])
    token_ids = rng.integers(0, 4, (2, 5), dtype=np.int32)
    mask = np.array([[0, 1, 1, 1, 1], [1, 1, 0, 1, 1]], dtype=bool)
    plain = model(token_ids)
    np.testing.assert_allclose(party.ask(model, token_ids, None), plain)
    np.testing.assert_allclose(model(token_ids[:, :3]), plain[:, :3], rtol=1e-5, atol=1e-6)
    for other in (model(token_ids, mask), model(token_ids, training=True)):
        assert np.abs(other - plain).max() > 1e-3
    np.testing.assert_allclose(model(token_ids, training=False), plain)


def test_the_table_counts_calls_after_every_row_has_stopped(party):
    table = np.arange(12, dtype=np.float32).reshape(4, 3)
    model = party.make("TableModel", table, stop_id=2)
    token_ids = np.array([[1, 2, 0], [3, 1, 2]], np.int32)
    np.testing.assert_array_equal(party.ask(model, token_ids[:, :2], None), table[token_ids[:, :2]])
    mask = np.array([[True, True, False], [True, True, False]])
    party.ask(model, token_ids, mask)
    assert model.attribute("calls_after_stop") == 0
    party.ask(model, token_ids, None)
    assert model.attribute("calls_after_stop") == 1


def test_a_function_of_the_file_is_an_argument(party):
    assert party.ask(party.constant, np.zeros((2, 3), np.int32), None).shape == (2, 3, 4)


def test_a_graph_runs_as_often_as_asked(party):
    received = party.accumulate.traced(calls=4)(a_model(party), np.float32(0.5))
    np.testing.assert_allclose(received, [0.5, 1.0, 1.5, 2.0])


@pytest.mark.parametrize("name", ["os.system", "keras.optimizers.RMSprop", ""])
def test_nothing_but_toys_is_made(party, name):
    with pytest.raises(StudentError, match="KeyError"):
        party.make(name)
