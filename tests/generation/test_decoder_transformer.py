"""The decoder transformer writes with its cache what it writes without: every kind of positions and heads."""

import keras
import numpy as np
import pytest

from coursekit.generation.sampling import GREEDY, Sampling
from coursekit.generation.text_generation import TextGenerator
from coursekit.generation.uncached_model import has_cache
from coursekit.layers import DecoderBlock
from coursekit.models import DecoderTransformer

PROMPTS = [[5, 9, 3], [7] * 35, [1, 2, 3, 4, 5, 6, 7, 8]]
LLAMA = {"norm": "rms", "activation": "swiglu", "use_bias": False}
FORMS = {
    "learned": {"positions": "learned"},
    "sinusoidal": {"positions": "sinusoidal", "num_layers": 1},
    "rotary": {"positions": "rotary"},
    "none": {"positions": None},
    "post-norm": {"normalize_first": False},
    "grouped": {"positions": "rotary", "num_heads": 4, "num_key_value_heads": 2},
    "llama": {"positions": "rotary", "num_heads": 6, "num_key_value_heads": 2, **LLAMA},
    "wide": {"hidden_dim": 72, "num_heads": 3, "num_layers": 3, "tie_embeddings": False},
}


def small_model(**form):
    """A model with large random weights and biases, so that its texts are not all alike."""
    sizes = {"num_layers": 2, "num_heads": 2, "hidden_dim": 24, "sequence_length": 72, **form}
    model = DecoderTransformer(vocabulary_size=31, **sizes)
    model.build((None, None))
    rng = np.random.default_rng(2)
    for weight in model.weights:
        noise = rng.normal(size=weight.shape)
        # Scales of norms stay about one, biases about zero.
        weight.assign(weight + 0.2 * noise if len(weight.shape) == 1 else 0.4 * noise)
    return model


@pytest.mark.parametrize(
    "form",
    [form if form == "llama" else pytest.param(form, marks=pytest.mark.slow) for form in FORMS],
)
def test_cached_is_uncached_token_for_token(form):
    model = small_model(**FORMS[form])
    assert has_cache(model)
    cached, uncached = (TextGenerator(model, use_cache=use) for use in (True, False))
    for sampling in (GREEDY, Sampling(1.3, top_k=9)):
        received = cached.generate(PROMPTS, 30, sampling, seed=4)
        assert (received == uncached.generate(PROMPTS, 30, sampling, seed=4)).all()
        if not sampling.greedy:
            assert len(set(received[0, 3:33].tolist())) > 6, "a text of one word shows nothing"
        (alone,) = cached.generate(PROMPTS[1:2], 30, sampling, seed=5)
        assert (received[1] == alone).all()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["learned", "grouped"])
def test_windows_too(form):
    model = small_model(**FORMS[form], sequence_length=20)
    texts = [
        TextGenerator(model, use_cache=use).generate(PROMPTS, 60, overflow="window")
        for use in (True, False)
    ]
    assert (texts[0] == texts[1]).all()


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_writes(precision):
    generator = TextGenerator(small_model(dtype=precision))
    received = generator.generate(PROMPTS, 10, Sampling(), seed=1)
    assert ((received >= 0) & (received < 31)).all()
    assert (received == generator.generate(PROMPTS, 10, Sampling(), seed=1)).all()


class OwnBlock(DecoderBlock):
    """As a student's block: another class, without a cache that anybody has checked."""

    def call_with_cache(self, *_):
        raise AssertionError("not to be used")


class OwnTransformer(DecoderTransformer):
    block_class = OwnBlock


@keras.saving.register_keras_serializable(package="tests")
class Unigram(keras.Model):
    """A model with nothing but `call`."""

    def __init__(self):
        super().__init__()
        self.embedding = keras.layers.Embedding(31, 31)

    def call(self, token_ids):
        return self.embedding(token_ids)


def test_a_model_with_own_layers_goes_the_uncached_way():
    reference = small_model()
    own = OwnTransformer(31, 72, 2, 2, 24)
    own.build((None, None))
    own.set_weights(reference.get_weights())
    assert not has_cache(own)
    received = TextGenerator(own).generate(PROMPTS, 20)
    assert (received == TextGenerator(reference).generate(PROMPTS, 20)).all()


def test_a_model_without_a_cache_needs_its_context_only():
    model = Unigram()
    generator = TextGenerator(model, context_length=16)
    received = generator.generate([[3], [4, 5]], 10)
    logits = model.embedding.get_weights()[0]
    token = 3
    for position in range(1, 11):
        token = int(logits[token].argmax())
        assert received[0, position] == token


def test_training_goes_on_and_the_text_follows():
    """The compiled loop reads the weights as they are."""
    model = small_model()
    generator = TextGenerator(model)
    before = generator.generate(PROMPTS[:1], 20)
    model.token_embedding.assign(model.token_embedding[::-1])
    after = generator.generate(PROMPTS[:1], 20)
    assert (before != after).any()
    assert generator.traces == 1
    assert (after == TextGenerator(model, use_cache=False).generate(PROMPTS[:1], 20)).all()
