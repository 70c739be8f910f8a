"""Weights that others have trained: KerasHub's backbones of GPT-2 and llama as a `DecoderTransformer`."""

from pathlib import Path

import numpy as np

from coursekit.errors import UserError
from coursekit.models.decoder_transformer import DecoderTransformer

KINDS = ("GPT2Backbone", "LlamaBackbone")
# Arguments of KerasHub's rotary positions that bend the angles, and their values where they do not.
_STRAIGHT = {
    "rope_position_scaling_factor": (1.0,),
    "rope_frequency_adjustment_factor": (None, 1.0),
}


def load_preset(name, sequence_length=2048) -> DecoderTransformer:
    """The model of a KerasHub preset, such as "gpt2_base_en".

    Args:
        name: a name that KerasHub knows, or the path of a preset's folder.
        sequence_length: see `from_keras_hub`.

    Raises:
        UserError: the name is unknown, its architecture is another one, or there is neither a
            connection nor a copy from an earlier time.
    """
    keras_hub = _keras_hub()
    known = [key for kind in KINDS for key in getattr(keras_hub.models, kind).presets]
    if name not in known and "/" not in str(name) and not Path(name).is_dir():
        raise UserError(
            f'There is no preset "{name}" that can be read here. There are: {", ".join(known)}'
        )
    try:
        backbone = keras_hub.models.Backbone.from_preset(name)
    except Exception as error:  # of the network, of three hubs, of a bad file: no common ancestor
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f'The preset "{name}" could not be loaded: it comes from the internet the first time '
            f"and from this computer afterwards. What went wrong: {reason[:200]}"
        ) from error
    return from_keras_hub(backbone, sequence_length)


def from_keras_hub(backbone, sequence_length=2048) -> DecoderTransformer:
    """The same model with the same weights, as a `DecoderTransformer`.

        from_keras_hub(backbone)(token_ids)
            == backbone.token_embedding(backbone({...token_ids}), reverse=True)

    Args:
        backbone: a `keras_hub.models.GPT2Backbone` or `LlamaBackbone`, or one of their subclasses.
        sequence_length: the longest sequence; a GPT-2 knows its own.

    Raises:
        UserError: the backbone is of another kind, its rotary angles are scaled, or its weights
            are quantised.
    """
    if any("int" in weight.dtype for weight in backbone.weights):
        raise UserError("Quantised weights are not supported: take the preset without int8.")
    kinds = [kind.__name__ for kind in type(backbone).__mro__]
    if "GPT2Backbone" in kinds:
        return _from_gpt2(backbone)
    if "LlamaBackbone" in kinds:
        return _from_llama(backbone, sequence_length)
    raise UserError(
        f"Weights can be taken from a {' or a '.join(KINDS)}. Received: {type(backbone).__name__}"
    )


def _from_gpt2(backbone):
    model = DecoderTransformer(
        vocabulary_size=backbone.vocabulary_size,
        sequence_length=backbone.max_sequence_length,
        num_layers=backbone.num_layers,
        num_heads=backbone.num_heads,
        hidden_dim=backbone.hidden_dim,
        intermediate_dim=backbone.intermediate_dim,
        dropout=backbone.dropout,
        activation="gelu_approximate",
        norm_epsilon=backbone.layer_norm.epsilon,
    )
    model.build((None, None))
    given = _by_path(backbone)
    model.token_embedding.assign(given("token_embedding/embeddings"))
    model.position_layer.position_embeddings.assign(given("position_embedding/embeddings"))
    for number, block in enumerate(model.blocks):
        part = f"transformer_layer_{number}"
        _move_attention(given, f"{part}/self_attention", block.attention)
        _move_norm(given, f"{part}/self_attention_layer_norm", block.attention_norm)
        _move_norm(given, f"{part}/feedforward_layer_norm", block.feed_forward_norm)
        network = block.feed_forward
        network.kernel_in.assign(given(f"{part}/feedforward_intermediate_dense/kernel"))
        network.bias_in.assign(given(f"{part}/feedforward_intermediate_dense/bias"))
        network.kernel_out.assign(given(f"{part}/feedforward_output_dense/kernel"))
        network.bias_out.assign(given(f"{part}/feedforward_output_dense/bias"))
    _move_norm(given, "layer_norm", model.final_norm)
    return model


def _from_llama(backbone, sequence_length):
    for name, straight in _STRAIGHT.items():
        if getattr(backbone, name) not in straight:
            raise UserError(
                "Scaled rotary positions are not supported. Received: "
                f"{name}={getattr(backbone, name)}"
            )
    model = DecoderTransformer(
        vocabulary_size=backbone.vocabulary_size,
        sequence_length=sequence_length,
        num_layers=backbone.num_layers,
        num_heads=backbone.num_query_heads,
        hidden_dim=backbone.hidden_dim,
        intermediate_dim=backbone.intermediate_dim,
        dropout=backbone.dropout,
        positions="rotary",
        norm="rms",
        activation="swiglu",
        use_bias=False,
        num_key_value_heads=backbone.num_key_value_heads,
        norm_epsilon=backbone.layer_norm_epsilon,
        max_wavelength=backbone.rope_max_wavelength,
        interleaved=False,
        tie_embeddings=backbone.token_embedding.tie_weights,
    )
    model.build((None, None))
    given = _by_path(backbone)
    model.token_embedding.assign(given("token_embedding/embeddings"))
    if not model.tie_embeddings:
        model.output_embedding.assign(given("token_embedding/reverse_embeddings").T)
    for number, block in enumerate(model.blocks):
        part = f"transformer_layer_{number}"
        _move_attention(given, f"{part}/self_attention", block.attention)
        _move_norm(given, f"{part}/self_attention_layernorm", block.attention_norm)
        _move_norm(given, f"{part}/feedforward_layernorm", block.feed_forward_norm)
        gate, up, down = (
            given(f"{part}/feedforward_{name}_dense/kernel")
            for name in ("gate", "intermediate", "output")
        )
        block.feed_forward.kernel_in.assign(np.concatenate([gate, up], axis=1))  # (D, 2F)
        block.feed_forward.kernel_out.assign(down)
    _move_norm(given, "sequence_output_layernorm", model.final_norm)
    return model


def _move_attention(given, part, attention):
    """KerasHub's kernels have axes (D, N, H) and (N, H, D)."""
    rows = attention.kernel.shape[0]
    names = ("query", "key", "value")
    kernels = [given(f"{part}/{name}/kernel").reshape(rows, -1) for name in names]
    attention.kernel.assign(np.concatenate(kernels, axis=1))  # (D, (N + 2K) * H)
    attention.output_kernel.assign(given(f"{part}/attention_output/kernel").reshape(-1, rows))
    if attention.use_bias:
        biases = [given(f"{part}/{name}/bias").reshape(-1) for name in names]
        attention.bias.assign(np.concatenate(biases))
        attention.output_bias.assign(given(f"{part}/attention_output/bias"))


def _move_norm(given, part, norm):
    for weight in norm.weights:
        weight.assign(given(f"{part}/{weight.name}"))


def _by_path(backbone):
    """A function from a weight's path to its value in float32."""
    weights = {weight.path: weight for weight in backbone.weights}

    def given(path):
        return np.asarray(weights[path], "float32")

    return given


def _keras_hub():
    """Only where it is used: it takes seconds to import."""
    import keras_hub

    return keras_hub
