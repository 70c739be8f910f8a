"""The decoder transformer: a language model of stacked blocks."""

import keras
import tensorflow as tf

from coursekit.layers.decoder_block import NORMS, DecoderBlock
from coursekit.layers.learned_position_embedding import LearnedPositionEmbedding
from coursekit.layers.projection import project
from coursekit.layers.rotary_embedding import RotaryEmbedding
from coursekit.layers.sinusoidal_position_encoding import SinusoidalPositionEncoding

POSITIONS = ("learned", "sinusoidal", "rotary", None)


@keras.saving.register_keras_serializable(package="coursekit")
class DecoderTransformer(keras.Model):
    """A decoder-only transformer: at each step the logits of the next token.

        x = token_embedding(token_ids) + position_embedding
        for block in blocks:
            x = block(x, padding_mask)
        logits = norm(x) @ token_embeddings^T       # (B, T, V)

    The output product uses the embedding of the tokens (tied), unless `tie_embeddings=False`. There
    is a final norm only if norms come first: otherwise the last block ends with one.

    Masking: True = real token. Padding changes nothing at real steps. The logits carry no Keras
    mask: which labels count is the loss's business (`coursekit.objectives.shift_labels`).

    Args:
        vocabulary_size: int, V.
        sequence_length: int. The longest text the model sees.
        num_layers: int, the number of blocks.
        num_heads: int, N.
        hidden_dim: int, D.
        intermediate_dim: int, the inner width of the feed-forward layers. None: 4 D.
        dropout: float.
        positions: "learned" (a matrix, as GPT), "sinusoidal" (as the paper), "rotary" (as llama), or
            None: the model cannot tell the order of what it sees but by the causal mask.
        normalize_first, norm, activation, use_bias, num_key_value_heads, key_dim, norm_epsilon: of
            each block, see `DecoderBlock`.
        tie_embeddings: whether the output product uses the token embedding.
        max_wavelength: of sinusoidal and rotary positions.
        interleaved: whether rotary pairs are neighbours, see `RotaryEmbedding`.
        kernel_initializer: of embeddings and kernels. Products whose result is added to x start
            smaller by sqrt(2 num_layers) if this is a normal distribution, as in GPT-2.
        seed: int or None, of the dropout.
        **kwargs: name, dtype, trainable.

    Call arguments:
        token_ids: integers (B, T), T at most `sequence_length`.
        padding_mask: Boolean (B, T). None: all tokens are real.
        training: whether dropout is on.

    Returns:
        Logits, float32 (B, T, V).

    Raises:
        ValueError: `num_heads` does not divide D, an unknown name, or more than `sequence_length`
            tokens.

    Example:

    >>> model = DecoderTransformer(65, 16, num_layers=2, num_heads=2, hidden_dim=8)
    >>> model(tf.constant([[1, 2, 3]])).shape
    TensorShape([1, 3, 65])
    >>> cache = model.initial_cache(batch_size=1, length=16)
    >>> logits, cache = model.call_with_cache(tf.constant([[1, 2, 3]]), cache, 0)
    >>> logits, cache = model.call_with_cache(tf.constant([[4]]), cache, 3)
    >>> logits.shape
    TensorShape([1, 1, 65])

    Reference: Radford et al. (2019), Language models are unsupervised multitask learners.
    """

    # A subclass may name others, for example a student's.
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
        key_dim=None,
        tie_embeddings=True,
        max_wavelength=10000,
        interleaved=False,
        norm_epsilon=1e-5,
        kernel_initializer=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        sizes = {
            "vocabulary_size": vocabulary_size,
            "sequence_length": sequence_length,
            "num_layers": num_layers,
            "num_heads": num_heads,
            "hidden_dim": hidden_dim,
        }
        for name, size in sizes.items():
            if size <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={size}")
        if positions not in POSITIONS:
            raise ValueError(
                "`positions` must be 'learned', 'sinusoidal', 'rotary' or None. "
                f"Received: positions={positions!r}"
            )
        if norm not in NORMS:
            raise ValueError(f"`norm` must be one of {', '.join(NORMS)}. Received: norm={norm!r}")
        if key_dim is None and hidden_dim % num_heads:
            raise ValueError(
                "`num_heads` must divide `hidden_dim`, unless `key_dim` is given. "
                f"Received: num_heads={num_heads}, hidden_dim={hidden_dim}"
            )
        if positions == "rotary" and (key_dim or hidden_dim // num_heads) % 2:
            raise ValueError(
                "Rotary positions turn pairs of features, so the width of a head must be even. "
                f"Received: num_heads={num_heads}, hidden_dim={hidden_dim}, key_dim={key_dim}"
            )
        self.vocabulary_size = vocabulary_size
        self.sequence_length = sequence_length
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim or 4 * hidden_dim
        self.dropout = dropout
        self.positions = positions
        self.normalize_first = normalize_first
        self.norm = norm
        self.activation = activation
        self.use_bias = use_bias
        self.num_key_value_heads = num_key_value_heads
        self.key_dim = key_dim
        self.tie_embeddings = tie_embeddings
        self.max_wavelength = max_wavelength
        self.interleaved = interleaved
        self.norm_epsilon = norm_epsilon
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or keras.initializers.RandomNormal(stddev=0.02)
        )
        self.seed = seed
        self._make_layers()

    def _make_layers(self):
        own = {"dtype": self.dtype_policy}
        # Owns the embeddings of tokens, also those of the output if they are not tied.
        self.token_embedding = keras.layers.ReversibleEmbedding(
            self.vocabulary_size,
            self.hidden_dim,
            tie_weights=self.tie_embeddings,
            embeddings_initializer=self.kernel_initializer.clone(),
            name="token_embedding",
            **own,
        )
        self.position_embedding = self._make_positions()
        self.dropout_layer = None
        if self.dropout:
            self.dropout_layer = keras.layers.Dropout(self.dropout, seed=self.seed, **own)
        self.blocks = [self._make_block(number) for number in range(self.num_layers)]
        self.final_norm = None
        if self.normalize_first:
            make_norm = NORMS[self.norm]
            self.final_norm = make_norm(epsilon=self.norm_epsilon, name="final_norm", **own)

    def _make_positions(self):
        own = {"name": "position_embedding", "dtype": self.dtype_policy}
        if self.positions == "learned":
            if issubclass(self.learned_positions_class, LearnedPositionEmbedding):
                own["initializer"] = self.kernel_initializer.clone()
            return self.learned_positions_class(self.sequence_length, **own)
        if self.positions == "sinusoidal":
            if self.max_wavelength != 10000:
                own["max_wavelength"] = self.max_wavelength
            return self.sinusoidal_positions_class(**own)
        return None

    def _make_block(self, number):
        rotary = None
        if self.positions == "rotary":
            rotary = RotaryEmbedding(self.max_wavelength, self.interleaved, dtype=self.dtype_policy)
        # A class from elsewhere knows the arguments of the lecture only; it gets no others unless
        # they are asked for.
        usual = {
            "norm": "layer",
            "activation": "gelu",
            "use_bias": True,
            "num_key_value_heads": None,
            "key_dim": None,
            "norm_epsilon": 1e-5,
            "seed": None,
        }
        asked = {name: getattr(self, name) for name in usual}
        asked = {name: value for name, value in asked.items() if value != usual[name]}
        if rotary is not None:
            asked["rotary"] = rotary
        if issubclass(self.block_class, DecoderBlock):
            asked["kernel_initializer"] = self.kernel_initializer
            asked["output_initializer"] = self._output_initializer()
        return self.block_class(
            self.num_heads,
            self.intermediate_dim,
            dropout=self.dropout,
            normalize_first=self.normalize_first,
            name=f"block_{number}",
            dtype=self.dtype_policy,
            **asked,
        )

    def _output_initializer(self):
        """x is a sum of 2 L products: each starts small, so that the sum does not grow with L."""
        initializer = self.kernel_initializer.clone()
        if hasattr(initializer, "stddev"):
            initializer.stddev /= (2 * self.num_layers) ** 0.5
        return initializer

    def build(self, input_shape=None):
        self.token_embedding.build()
        hidden_shape = (None, None, self.hidden_dim)
        for layer in (self.position_embedding, *self.blocks, self.final_norm):
            if layer is not None:
                layer.build(hidden_shape)

    def call(self, token_ids, padding_mask=None, training=None):
        self._check_length(token_ids.shape[1])
        x = self._embed(token_ids, 0, training)
        for block in self.blocks:
            x = block(x, padding_mask=padding_mask, training=training)
        return self._logits(x)

    def initial_cache(self, batch_size, length):
        """An empty cache of `length` positions: for each block `(keys, values)`."""
        heads = self.num_key_value_heads or self.num_heads
        width = self.key_dim or self.hidden_dim // self.num_heads
        empty = tf.zeros((batch_size, length, heads, width), self.compute_dtype)
        return tuple((empty, empty) for _ in self.blocks)

    def call_with_cache(self, token_ids, cache, index, key_mask=None):
        """Logits of tokens at positions `index` to `index + T - 1`, after those in a cache.

        Args:
            token_ids: (B, T). T is 1 from token to token, or the length of a prompt.
            cache: from `initial_cache` or an earlier call, S positions long.
            index: int or scalar tensor.
            key_mask: Boolean (B, S), False for positions that hold padding. None: all are real.

        Returns:
            `(logits, cache)`: float32 (B, T, V), and the cache with these tokens.
        """
        if isinstance(index, int) and token_ids.shape[1] is not None:
            self._check_length(index + token_ids.shape[1])
        x = self._embed(token_ids, index, False)
        filled = []
        for block, block_cache in zip(self.blocks, cache, strict=True):
            x, block_cache = block.call_with_cache(x, block_cache, index, key_mask)  # noqa: PLW2901
            filled.append(block_cache)
        return self._logits(x), tuple(filled)

    def _check_length(self, length):
        if length is not None and length > self.sequence_length:
            raise ValueError(
                "The model sees no more than `sequence_length` tokens; shorten the text. "
                f"Received: sequence_length={self.sequence_length}, {length} tokens"
            )

    def _embed(self, token_ids, index, training):
        x = self.token_embedding(token_ids)  # (B, T, D)
        if self.position_embedding is not None:
            x = self.position_embedding(x, start_index=index)
        if self.dropout_layer is not None:
            x = self.dropout_layer(x, training=training)
        return x

    def _logits(self, x):
        length = x.shape[1] or tf.shape(x)[1]
        if self.final_norm is not None:
            x = self.final_norm(x)
        if self.tie_embeddings:
            rows = tf.reshape(x, (-1, self.hidden_dim))
            table = tf.cast(self.token_embedding.embeddings, x.dtype)
            logits = tf.matmul(rows, table, transpose_b=True)  # (B T, V)
        else:
            logits = project(x, self.token_embedding.reverse_embeddings)
        return tf.cast(tf.reshape(logits, (-1, length, self.vocabulary_size)), tf.float32)

    def get_config(self):
        names = (
            "vocabulary_size sequence_length num_layers num_heads hidden_dim intermediate_dim "
            "dropout positions normalize_first norm activation use_bias num_key_value_heads "
            "key_dim tie_embeddings max_wavelength interleaved norm_epsilon seed"
        )
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names.split()},
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
