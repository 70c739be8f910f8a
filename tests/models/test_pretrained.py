"""Weights of KerasHub's backbones: the same logits, and one line where something is missing."""

import numpy as np
import pytest

from coursekit.errors import UserError
from coursekit.models import DecoderTransformer, pretrained
from tests.layers.layer_checks import draw

keras_hub = pytest.importorskip("keras_hub")

V, T = 13, 7
MASK = np.array([[1] * 7, [1] * 4 + [0] * 3], dtype=bool)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def gpt2(rng, **arguments):
    backbone = keras_hub.models.GPT2Backbone(V, 2, 2, 8, 20, max_sequence_length=T, **arguments)
    return with_random_weights(backbone, rng)


def llama(rng, kind="LlamaBackbone", **arguments):
    sizes = dict(num_query_heads=4, hidden_dim=16, intermediate_dim=20, num_key_value_heads=2)
    sizes |= {"rope_max_wavelength": 40, "layer_norm_epsilon": 1e-3}
    backbone = getattr(keras_hub.models, kind)(V, 2, **{**sizes, **arguments})
    return with_random_weights(backbone, rng)


def with_random_weights(backbone, rng):
    """Biases and norms too, which would be zeros and ones."""
    backbone.set_weights([draw(rng, *w.shape, scale=0.4) for w in backbone.get_weights()])
    return backbone


def check_same_logits(backbone, rng, **tolerance):
    token_ids = rng.integers(0, V, (2, T)).astype("int32")
    hidden = backbone({"token_ids": token_ids, "padding_mask": MASK.astype("int32")})
    expected = np.asarray(backbone.token_embedding(hidden, reverse=True), "float32")
    model = pretrained.from_keras_hub(backbone, sequence_length=T)
    received = model(token_ids, padding_mask=MASK)
    np.testing.assert_allclose(received[MASK], expected[MASK], **(tolerance or {"atol": 1e-4}))
    assert np.abs(expected[MASK]).mean() > 0.1
    assert model.count_params() == backbone.count_params()
    return model


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_gpt2(rng, dropout):
    model = check_same_logits(gpt2(rng, dropout=dropout), rng)
    assert (model.sequence_length, model.dropout, model.tie_embeddings) == (T, dropout, True)


@pytest.mark.parametrize("arguments", [{}, {"tie_word_embeddings": True}], ids=["own", "tied"])
def test_llama(rng, arguments):
    model = check_same_logits(llama(rng, **arguments), rng)
    assert model.tie_embeddings == bool(arguments)


@pytest.mark.parametrize("heads", [1, 4])
def test_llama_with_other_groups(rng, heads):
    check_same_logits(llama(rng, num_key_value_heads=heads), rng)


def test_llama_3_is_a_llama(rng):
    check_same_logits(llama(rng, "Llama3Backbone"), rng)


def test_half_precision_weights_come_as_float32(rng):
    backbone = gpt2(rng, dtype="bfloat16")
    model = pretrained.from_keras_hub(backbone)
    assert {weight.dtype for weight in model.weights} == {"float32"}
    table = np.asarray(backbone.token_embedding.embeddings, "float32")
    np.testing.assert_array_equal(model.token_embedding, table)


@pytest.mark.parametrize(
    ("vocabulary_size", "sequence_length", "layers", "width"),
    [(5, 3, 1, 4), (7, 6, 3, 8), (V, T, 2, 12)],
)
def test_count_of_parameters(vocabulary_size, sequence_length, layers, width):
    model = DecoderTransformer(vocabulary_size, sequence_length, layers, 2, width)
    model.build((None, None))
    assert model.count_params() == gpt_parameters(vocabulary_size, sequence_length, layers, width)
    last = DecoderTransformer(
        vocabulary_size, sequence_length, layers, 2, width, normalize_first=False
    )
    last.build((None, None))  # GPT-1: no final norm
    assert last.count_params() == model.count_params() - 2 * width


def gpt_parameters(vocabulary_size, sequence_length, layers, width):
    embeddings = (vocabulary_size + sequence_length) * width
    return embeddings + layers * (12 * width**2 + 13 * width) + 2 * width


def test_published_counts_of_parameters():
    counts = [gpt_parameters(50257, 1024, layers, width) for layers, width in GPT_2]
    assert counts == [124_439_808, 354_823_168, 774_030_080, 1_557_611_200]
    assert gpt_parameters(40478, 512, 12, 768) - 2 * 768 == 116_534_784  # GPT-1


GPT_2 = [(12, 768), (24, 1024), (36, 1280), (48, 1600)]


def test_other_backbones_are_refused(rng):
    backbone = keras_hub.models.BertBackbone(V, 1, 2, 8, 8, max_sequence_length=T)
    with pytest.raises(UserError, match="Received: BertBackbone"):
        pretrained.from_keras_hub(backbone)
    scaled = llama(rng, rope_position_scaling_factor=2.0)
    with pytest.raises(UserError, match=r"Received: rope_position_scaling_factor=2\.0"):
        pretrained.from_keras_hub(scaled)


@pytest.mark.slow
def test_quantised_weights_are_refused(rng):
    backbone = llama(rng)
    backbone.quantize("int8")
    with pytest.raises(UserError, match="without int8"):
        pretrained.from_keras_hub(backbone)


def test_a_preset_by_name(rng, monkeypatch):
    asked = []

    def from_preset(name):
        asked.append(name)
        return gpt2(rng)

    monkeypatch.setattr(keras_hub.models.Backbone, "from_preset", from_preset)
    assert pretrained.load_preset("gpt2_base_en").vocabulary_size == V
    assert asked == ["gpt2_base_en"]


def test_a_preset_from_a_folder(rng, tmp_path):
    backbone = gpt2(rng)
    backbone.save_to_preset(str(tmp_path / "mine"))
    model = pretrained.load_preset(str(tmp_path / "mine"))
    np.testing.assert_array_equal(
        model.token_embedding, np.asarray(backbone.token_embedding.embeddings)
    )


def test_without_a_connection_it_is_one_line(monkeypatch):
    def from_preset(name):
        raise ConnectionError("Failed to resolve 'api.example.org'\nand more")

    monkeypatch.setattr(keras_hub.models.Backbone, "from_preset", from_preset)
    with pytest.raises(UserError) as error:
        pretrained.load_preset("gpt2_base_en")
    assert "internet the first time" in str(error.value) and "\n" not in str(error.value)


def test_an_unknown_preset_is_answered_with_the_known_ones():
    with pytest.raises(UserError, match=r'no preset "gpt9".*gpt2_base_en'):
        pretrained.load_preset("gpt9")
