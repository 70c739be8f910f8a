"""Attention over the source: the formula, masks, precision."""

import keras
import numpy as np
import pytest

from coursekit.models import LuongAttention

B, T, S, U = 3, 4, 5, 6


@pytest.fixture
def inputs():
    rng = np.random.default_rng(0)
    query, memory = rng.normal(size=(B, T, U)), rng.normal(size=(B, S, U))
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
    return query.astype("float32"), memory.astype("float32"), mask


def built():
    attention = LuongAttention()
    attention.build((B, T, U), (B, S, U))
    attention.set_weights([np.random.default_rng(1).normal(size=(U, U)).astype("float32")])
    return attention


def test_is_the_formula(inputs):
    query, memory, _ = inputs
    attention = built()
    scores = query @ attention.get_weights()[0] @ memory.transpose(0, 2, 1)
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    context, received = attention(query, memory, return_attention_scores=True)
    np.testing.assert_allclose(received, weights, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(context, weights @ memory, rtol=1e-4, atol=1e-5)


def test_masked_memory_has_no_weight_and_no_influence(inputs):
    query, memory, mask = inputs
    attention = built()
    context, weights = attention(query, memory, mask, return_attention_scores=True)
    assert (np.array(weights)[~np.broadcast_to(mask[:, None, :], weights.shape)] == 0).all()
    np.testing.assert_allclose(np.array(weights)[:2].sum(axis=-1), 1, rtol=1e-5)
    changed = np.where(mask[:, :, None], memory, 1e4).astype("float32")
    np.testing.assert_allclose(attention(query, changed, mask)[:2], context[:2], rtol=1e-5)


def test_a_fully_masked_row_gives_zeros(inputs):
    context, weights = built()(*inputs, return_attention_scores=True)
    assert (np.array(context)[2] == 0).all()
    assert (np.array(weights)[2] == 0).all()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_finite(inputs, policy):
    query, memory, mask = inputs
    attention = LuongAttention(dtype=policy)
    context = attention(query * 30, memory * 30, mask)
    assert keras.backend.standardize_dtype(context.dtype) == policy.removeprefix("mixed_")
    assert np.isfinite(np.array(context, "float32")).all()


def test_config_round_trip(inputs):
    attention = LuongAttention(name="look", dtype="float32")
    again = LuongAttention.from_config(attention.get_config())
    assert again.name == "look"
