"""The blocks by `functools.reduce`, a mask of ones where none is given."""

import functools

import keras
from keras import ops

from coursekit.layers import DecoderBlock, LearnedPositionEmbedding, SinusoidalPositionEncoding


class DecoderTransformer(keras.Model):
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
        **kwargs,
    ):
        super().__init__(**kwargs)
        if positions not in ("learned", "sinusoidal"):
            raise ValueError(
                f'positions should be "learned" or "sinusoidal". Received: positions={positions!r}'
            )
        if intermediate_dim is None:
            intermediate_dim = 4 * hidden_dim
        policy = self.dtype_policy
        self.vocabulary_size = vocabulary_size
        self.sequence_length = sequence_length
        self.hidden_dim = hidden_dim
        self.token_embedding = keras.layers.Embedding(
            vocabulary_size,
            hidden_dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype=policy,
            name="token_embedding",
        )
        if positions == "learned":
            self.position_layer = LearnedPositionEmbedding(
                sequence_length, dtype=policy, name="positions"
            )
        else:
            self.position_layer = SinusoidalPositionEncoding(dtype=policy, name="positions")
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)
        self.blocks = [
            DecoderBlock(
                num_heads, intermediate_dim, dropout=dropout, dtype=policy, name=f"block_{number}"
            )
            for number in range(num_layers)
        ]
        self.final_norm = keras.layers.LayerNormalization(
            epsilon=1e-5, dtype=policy, name="final_norm"
        )

    def build(self, input_shape):
        hidden_shape = (*input_shape, self.hidden_dim)  # (B, T, D)
        self.token_embedding.build(input_shape)
        for part in (self.position_layer, *self.blocks, self.final_norm):
            part.build(hidden_shape)

    def embed(self, token_ids, training=None):
        return self.dropout_layer(
            self.position_layer(self.token_embedding(token_ids)), training=training
        )

    def unembed(self, x):
        return ops.tensordot(x, ops.transpose(self.token_embedding.embeddings), 1)

    def call(self, token_ids, padding_mask=None, training=None):
        if padding_mask is None:
            padding_mask = ops.ones_like(token_ids, dtype="bool")

        def run(x, block):
            return block(x, padding_mask=padding_mask, training=training)

        x = functools.reduce(run, self.blocks, self.embed(token_ids, training=training))
        return self.unembed(self.final_norm(x))
