"""The decoder transformer: next-token logits for every position of a sequence at once."""

import keras
import tensorflow as tf

from coursekit.layers.decoder_block import NORMS, DecoderBlock
from coursekit.layers.learned_position_embedding import LearnedPositionEmbedding
from coursekit.layers.rotary_embedding import RotaryEmbedding
from coursekit.layers.sinusoidal_position_encoding import SinusoidalPositionEncoding

POSITIONS = ("learned", "sinusoidal", "rotary", None)


@keras.saving.register_keras_serializable(package="coursekit")
class DecoderTransformer(keras.Model):
    """A language model of masked self-attention.

        x = dropout(positions(token_embedding[token_ids]))     # (B, T, D)
        for block in blocks: x = block(x, padding_mask)
        logits = final_norm(x) @ transpose(token_embedding)    # (B, T, V)

    Without `normalize_first` there is no final norm: each block ends with one.

    Masking: True = real token. Logits at position t depend on the real tokens up to t; those at
    padding are of no use to anybody. The labels' mask belongs to the loss.

    Args:
        vocabulary_size: V.
        sequence_length: the longest sequence the model is made for.
        num_layers: number of blocks.
        num_heads: N.
        hidden_dim: D.
        intermediate_dim: F; None for 4 * D.
        dropout: rate, of embeddings and in the blocks.
        positions: "learned", "sinusoidal", "rotary" or None.
        normalize_first: whether norms stand before sub-layers.
        norm: "layer" or "rms".
        activation: see `FeedForward`.
        use_bias: whether products have biases.
        num_key_value_heads: K; None for N.
        norm_epsilon: added to the variance by every norm.
        max_wavelength: of sinusoidal and rotary positions.
        interleaved: which numbers rotary positions pair, see `RotaryEmbedding`.
        tie_embeddings: whether the output product uses the token embedding.

    Call arguments:
        token_ids: (B, T) ids.
        padding_mask: boolean (B, T), or None where every token is real.
        training: whether dropout is on.

    Returns:
        Logits, float32 (B, T, V).

    Raises:
        ValueError: an unknown kind of positions, a number that is not positive, `num_heads` that
            does not divide `hidden_dim`, or a sequence longer than `sequence_length`.

    Example:

    >>> model = DecoderTransformer(11, 8, num_layers=1, num_heads=2, hidden_dim=4)
    >>> model(tf.constant([[1, 2, 3]])).shape
    TensorShape([1, 3, 11])

    Reference:
        Radford et al. (2019), Language models are unsupervised multitask learners (GPT-2);
        Press and Wolf (2017), Using the output embedding to improve language models.
    """

    # A subclass may name others, see `DecoderBlock`.
    block_class = DecoderBlock
    learned_positions_class = LearnedPositionEmbedding
    sinusoidal_positions_class = SinusoidalPositionEncoding

    def __init__(
        self,
        vocabulary_size,
        sequence_length,
        num_layers,
        num_heads,
        hidden_dim,
        intermediate_dim=None,
        dropout=0.0,
        positions="learned",
        normalize_first=True,
        norm="layer",
        activation="gelu",
        use_bias=True,
        num_key_value_heads=None,
        norm_epsilon=1e-5,
        max_wavelength=10000,
        interleaved=False,
        tie_embeddings=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value in (
            ("vocabulary_size", vocabulary_size),
            ("sequence_length", sequence_length),
            ("num_layers", num_layers),
            ("num_heads", num_heads),
            ("hidden_dim", hidden_dim),
        ):
            if not hasattr(value, "__index__") or value <= 0:
                raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value}")
        if positions not in POSITIONS:
            raise ValueError(
                '`positions` is "learned", "sinusoidal", "rotary" or None. '
                f"Received: positions={positions}"
            )
        if hidden_dim % num_heads:
            raise ValueError(
                "`num_heads` must divide `hidden_dim`. Received: "
                f"num_heads={num_heads}, hidden_dim={hidden_dim}"
            )
        self.vocabulary_size = vocabulary_size
        self.sequence_length = sequence_length
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = 4 * hidden_dim if intermediate_dim is None else intermediate_dim
        self.dropout = dropout
        self.positions = positions
        self.normalize_first = normalize_first
        self.norm = norm
        self.activation = activation
        self.use_bias = use_bias
        self.num_key_value_heads = num_key_value_heads
        self.norm_epsilon = norm_epsilon
        self.max_wavelength = max_wavelength
        self.interleaved = interleaved
        self.tie_embeddings = tie_embeddings
        self.position_layer = self._position_layer()
        self.blocks = [self._block(number) for number in range(num_layers)]
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.final_norm = self._final_norm() if normalize_first else None

    def build(self, input_shape=None):
        small = keras.initializers.RandomNormal(stddev=0.02)
        table = (self.vocabulary_size, self.hidden_dim)
        self.token_embedding = self.add_weight(
            name="token_embedding", shape=table, initializer=small
        )
        self.output_embedding = self.token_embedding
        if not self.tie_embeddings:
            self.output_embedding = self.add_weight(
                name="output_embedding",
                shape=table,
                initializer=keras.initializers.RandomNormal(stddev=0.02),
            )
        shape = (None, None, self.hidden_dim)
        for part in (self.position_layer, *self.blocks, self.final_norm):
            if part is not None:
                part.build(shape)
        self.built = True

    def call(self, token_ids, padding_mask=None, training=None):
        length = token_ids.shape[1]
        if length is not None and length > self.sequence_length:
            raise ValueError(
                f"The model is made for sequences of up to {self.sequence_length} tokens. "
                f"Received: {length} tokens"
            )
        x = self.embed(token_ids)
        if self.dropout:
            x = self.dropout_layer(x, training=training)
        for block in self.blocks:
            x = block(x, padding_mask=padding_mask, training=training)
        return self.logits(x)

    def initial_cache(self, batch_size, length):
        """Empty keys and values of every block for sequences of `length` positions."""
        return [block.attention.initial_cache(batch_size, length) for block in self.blocks]

    def call_with_cache(self, token_ids, cache, index, key_mask=None):
        """Logits of tokens that follow those in the cache.

        Args:
            token_ids: (B, T), the tokens at positions index to index + T - 1.
            cache: from `initial_cache`, or from the call before.
            index: int or scalar tensor.
            key_mask: boolean (B, S), True for positions that may be seen; None for all.

        Returns:
            `(logits, cache)`: float32 (B, T, V), and the cache with the new tokens in it.
        """
        x = self.embed(token_ids, index)
        caches = []
        for block, before in zip(self.blocks, cache, strict=True):
            x, after = block.call_with_cache(x, before, index, key_mask)
            caches.append(after)
        return self.logits(x), caches

    def embed(self, token_ids, start_index=0):
        """(B, T) ids to (B, T, D), positions included."""
        x = tf.gather(tf.convert_to_tensor(self.token_embedding), token_ids)
        x = tf.cast(x, self.compute_dtype)
        if self.position_layer is None:
            return x
        return self.position_layer(x, start_index=start_index)

    def logits(self, x):
        """(B, T, D) to float32 (B, T, V)."""
        x = x if self.final_norm is None else self.final_norm(x)
        flat = tf.reshape(x, [-1, self.hidden_dim])  # (B*T, D)
        table = tf.cast(tf.convert_to_tensor(self.output_embedding), flat.dtype)
        logits = tf.cast(tf.matmul(flat, table, transpose_b=True), tf.float32)  # (B*T, V)
        shape = tf.concat([tf.shape(x)[:-1], [self.vocabulary_size]], axis=0)
        return tf.ensure_shape(tf.reshape(logits, shape), [*x.shape[:-1], self.vocabulary_size])

    def _position_layer(self):
        options = {"dtype": self.dtype_policy, "name": "positions"}
        if self.positions == "learned":
            return self.learned_positions_class(self.sequence_length, **options)
        if self.positions == "sinusoidal":
            return self.sinusoidal_positions_class(self.max_wavelength, **options)
        return None

    def _block(self, number):
        rotary = None
        if self.positions == "rotary":
            rotary = RotaryEmbedding(
                self.max_wavelength, self.interleaved, dtype=self.dtype_policy, name="rotary"
            )
        usual = {
            "norm": ("layer", self.norm),
            "activation": ("gelu", self.activation),
            "use_bias": (True, self.use_bias),
            "num_key_value_heads": (None, self.num_key_value_heads),
            "rotary": (None, rotary),
            "norm_epsilon": (1e-5, self.norm_epsilon),
        }  # a student's block takes no others than those of unit 9
        return self.block_class(
            self.num_heads,
            self.intermediate_dim,
            self.dropout,
            self.normalize_first,
            **{name: value for name, (default, value) in usual.items() if value != default},
            dtype=self.dtype_policy,
            name=f"block_{number}",
        )

    def _final_norm(self):
        if self.norm not in NORMS:
            raise ValueError(f'`norm` is "layer" or "rms". Received: norm={self.norm}')
        return NORMS[self.norm](self.norm_epsilon, dtype=self.dtype_policy, name="final_norm")

    def get_config(self):
        names = (
            "vocabulary_size sequence_length num_layers num_heads hidden_dim intermediate_dim dropout "
            "positions normalize_first norm activation use_bias num_key_value_heads norm_epsilon "
            "max_wavelength interleaved tie_embeddings"
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names.split()}}
