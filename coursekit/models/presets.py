"""Named sizes of the decoder transformer: arguments of `DecoderTransformer`."""

SIZES = {
    "tiny": dict(num_layers=2, num_heads=2, hidden_dim=64, sequence_length=64),
    "small": dict(num_layers=4, num_heads=4, hidden_dim=128, sequence_length=64),
    "medium": dict(num_layers=6, num_heads=6, hidden_dim=192, sequence_length=128),
    "gpt2": dict(
        vocabulary_size=50257,
        sequence_length=1024,
        num_layers=12,
        num_heads=12,
        hidden_dim=768,
        activation="gelu_approximate",
    ),
    "smollm2": dict(
        vocabulary_size=49152,
        sequence_length=8192,
        num_layers=30,
        num_heads=9,
        num_key_value_heads=3,
        hidden_dim=576,
        intermediate_dim=1536,
        positions="rotary",
        interleaved=True,
        max_wavelength=100000,
        norm="rms",
        activation="swiglu",
        use_bias=False,
    ),
}
