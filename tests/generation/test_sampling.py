"""Sampling: probabilities against NumPy and KerasHub, draws, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from coursekit.errors import UserError
from coursekit.generation.sampling import (
    GREEDY,
    Sampling,
    chances_of,
    choose_token,
    draw,
    next_token_probabilities,
)

EVERY = [
    GREEDY,
    Sampling(),
    Sampling(temperature=0.3),
    Sampling(temperature=3.0),
    Sampling(top_k=1),
    Sampling(top_k=4, temperature=1.7),
    Sampling(top_k=99),
    Sampling(top_p=0.05),
    Sampling(top_p=0.6, temperature=0.8),
    Sampling(top_p=1.0),
    Sampling(top_k=6, top_p=0.5, temperature=2.0),
]


@pytest.fixture
def logits(rng):
    return (2 * rng.normal(size=(5, 17))).astype("float32")


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def by_hand(logits, sampling):
    """Probabilities of one row, token by token."""
    if sampling.greedy:
        return np.eye(len(logits))[np.argmax(logits)]
    scaled = logits.astype("float64") / sampling.temperature
    shares = np.exp(scaled - scaled.max())
    shares /= shares.sum()
    kept, before = np.zeros_like(shares), 0.0
    for rank, token in enumerate(np.argsort(-shares, kind="stable")):
        if sampling.top_k is not None and rank >= sampling.top_k:
            break
        if sampling.top_p is not None and before > sampling.top_p:
            break
        kept[token] = shares[token]
        before += shares[token]
    return kept / kept.sum()


@pytest.mark.parametrize("sampling", EVERY, ids=str)
def test_probabilities_are_those_of_the_definition(logits, sampling):
    received = next_token_probabilities(logits, sampling).numpy()
    expected = np.stack([by_hand(row, sampling) for row in logits])
    assert ((received > 0) == (expected > 0)).all()
    np.testing.assert_allclose(received, expected, rtol=2e-5, atol=1e-7)


def test_top_k_keeps_exactly_k_of_equal_tokens():
    kept = next_token_probabilities(np.zeros((2, 6), "float32"), Sampling(top_k=3)).numpy()
    np.testing.assert_allclose(kept, [[1 / 3] * 3 + [0] * 3] * 2, rtol=1e-6)


def test_top_p_reached_exactly_keeps_one_more():
    logits = np.log([[0.5, 0.25, 0.25]]).astype("float32")
    kept = next_token_probabilities(logits, Sampling(top_p=0.5)).numpy()
    assert (kept[0] > 0).tolist() == [True, True, False]
    kept = next_token_probabilities(logits, Sampling(top_p=0.49)).numpy()
    assert kept[0].tolist() == [1, 0, 0]


@pytest.mark.parametrize("sampling", EVERY, ids=str)
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_forbidden_tokens_and_large_logits(logits, sampling, scale):
    logits = logits * scale
    logits[:, [0, 7]] = -np.inf
    kept = next_token_probabilities(logits, sampling).numpy()
    assert np.isfinite(kept).all()
    assert (kept[:, [0, 7]] == 0).all()
    np.testing.assert_allclose(kept.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("sampling", EVERY, ids=str)
def test_draws_follow_the_probabilities(logits, sampling, jit_compile):
    """With evenly spread chances every token is drawn as often as its probability says."""
    count = 4000
    chances = (np.arange(count, dtype="float32") + 0.5) / count
    choose = tf.function(choose_token, jit_compile=jit_compile)
    for row in logits[:2]:
        many = np.tile(row, (count, 1))
        received = np.bincount(choose(many, chances, sampling).numpy(), minlength=17) / count
        expected = by_hand(row, sampling)
        assert (received[expected == 0] == 0).all()
        assert np.abs(received - expected).max() < 2 / count


def test_draw_takes_no_place_without_weight():
    weights = np.array([[0, 0.5, 0, 0.5, 0]], "float32")
    largest = np.nextafter(np.float32(1), np.float32(0))
    assert [int(draw(weights, np.array([c], "float32"))[0]) for c in (0, 0.4999, 0.5, largest)] == [
        1,
        1,
        3,
        3,
    ]
    for total in np.random.default_rng(0).uniform(0.01, 3, 200):
        assert draw(np.array([[total, 0]], "float32"), np.array([largest])).numpy() == [0]


def test_chances_are_of_the_seed_and_uniform():
    assert (chances_of(3, 50)[:20] == chances_of(3, 20)).all()
    assert (chances_of(3, 20) != chances_of(4, 20)).all()
    many = chances_of(0, 100_000)
    assert many.dtype == np.float32
    assert many.min() >= 0
    assert many.max() < 1
    shares, _ = np.histogram(many, 20, (0, 1))
    assert np.abs(shares / 5000 - 1).max() < 0.06
    # Neighbouring seeds are rows of one batch: their draws have nothing to do with each other.
    first = np.array([chances_of(seed, 2)[0] for seed in range(4000)])
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.05
    assert np.abs(np.histogram(first, 10, (0, 1))[0] / 400 - 1).max() < 0.2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"temperature": 0}, "greedy"),
        ({"temperature": 0.0}, "greedy"),
        ({"temperature": -0.5}, "temperature=-0.5"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"temperature": float("inf")}, "temperature=inf"),
        ({"top_k": 0}, "top_k=0"),
        ({"top_k": -3}, "top_k=-3"),
        ({"top_k": 2.5}, "top_k=2.5"),
        ({"top_p": 0}, "top_p=0"),
        ({"top_p": 1.01}, "top_p=1.01"),
        ({"top_p": -0.1}, "top_p=-0.1"),
        ({"top_p": float("nan")}, "top_p=nan"),
    ],
)
def test_what_no_sampling_can_be(wrong, said):
    with pytest.raises(UserError, match="Received: ") as refused:
        Sampling(**wrong)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="Received"):
        Sampling(**wrong)


def test_a_seed_below_zero():
    with pytest.raises(UserError, match="seed=-1"):
        chances_of(-1, 3)


KERAS_HUB = [
    ("GreedySampler", {}, GREEDY),
    ("RandomSampler", {}, Sampling()),
    ("RandomSampler", {"temperature": 0.5}, Sampling(0.5)),
    ("RandomSampler", {"temperature": 2.0}, Sampling(2.0)),
    ("TopKSampler", {"k": 1}, Sampling(top_k=1)),
    ("TopKSampler", {"k": 5, "temperature": 0.7}, Sampling(0.7, top_k=5)),
    ("TopPSampler", {"p": 0.1}, Sampling(top_p=0.1)),
    ("TopPSampler", {"p": 0.8, "temperature": 1.5}, Sampling(1.5, top_p=0.8)),
    ("TopPSampler", {"p": 0.5, "k": 6}, Sampling(top_k=6, top_p=0.5)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments", "sampling"), KERAS_HUB, ids=str)
def test_as_keras_hub_samples(logits, name, arguments, sampling):
    """The same tokens can come, and in many draws each comes as often as we say."""
    keras_hub = pytest.importorskip("keras_hub")
    seed = {} if sampling.greedy else {"seed": 1}
    sampler = getattr(keras_hub.samplers, name)(**arguments, **seed)
    count = 40_000
    for row in logits[:2]:
        many = tf.tile(row[None], (count, 1))
        tokens = sampler.get_next_token(sampler.compute_probabilities(many))
        received = np.bincount(np.asarray(tokens), minlength=len(row)) / count
        expected = next_token_probabilities(row[None], sampling).numpy()[0]
        assert (received[expected == 0] == 0).all()
        assert (received[expected * count > 20] > 0).all()
        deviation = np.sqrt(expected * (1 - expected) / count)
        assert (np.abs(received - expected) <= 5 * deviation + 1e-3).all()
