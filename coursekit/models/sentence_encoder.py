"""Reads a source sentence into a memory and a last state."""

import keras
from keras import ops

from coursekit.models.recurrent_layers import recurrent_layer


@keras.saving.register_keras_serializable(package="coursekit")
class SentenceEncoder(keras.layers.Layer):
    """Embedding and stacked recurrent layers, the first reading in both directions if asked.

    In a bidirectional layer each direction has half the units and the two are concatenated, outputs
    and last states alike, so that what a decoder starts from is (B, U) either way.

    Masking: `padding_mask` True = real token. Padding changes neither the last states nor the
    memory of real tokens; memory at padding is undefined, mask it.

    Args:
        vocabulary_size: int.
        embedding_dim: int.
        units: int.
        cell: "gru", "lstm", "rnn" or a callable from units to a Keras cell.
        num_layers: int.
        bidirectional: whether the first layer also reads from the end; `units` is even then.
        dropout: float. Of the embeddings and of what goes from layer to layer.

    Call arguments:
        token_ids: (B, S).
        padding_mask: Boolean (B, S).

    Returns:
        `(memory, states)`: (B, S, U), and for each layer the list of its last states, each (B, U).
    """

    def __init__(
        self,
        vocabulary_size,
        embedding_dim,
        units,
        cell="gru",
        num_layers=1,
        bidirectional=False,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if bidirectional and units % 2:
            raise ValueError(
                "A bidirectional encoder gives each direction half the units. "
                f"Received: units={units}"
            )
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        dtype = self.dtype_policy
        self.embedding = keras.layers.Embedding(
            vocabulary_size,
            embedding_dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
            dtype=dtype,
            name="embedding",
        )
        self.dropouts = [
            keras.layers.Dropout(dropout, dtype=dtype, name=f"dropout_{i}")
            for i in range(num_layers)
        ]
        first_units = units // 2 if bidirectional else units
        self.layers = [
            recurrent_layer(cell, units if i else first_units, dtype=dtype, name=f"forward_{i}")
            for i in range(num_layers)
        ]
        self.backward = None
        if bidirectional:
            self.backward = recurrent_layer(
                cell, first_units, go_backwards=True, dtype=dtype, name="backward"
            )

    def build(self, token_ids_shape, padding_mask_shape=None):
        self.embedding.build(token_ids_shape)
        batch, length = token_ids_shape
        width = self.embedding_dim
        for i, layer in enumerate(self.layers):
            layer.build((batch, length, width))
            if i == 0 and self.backward is not None:
                self.backward.build((batch, length, width))
            width = self.units

    def call(self, token_ids, padding_mask=None, training=None):
        outputs = self.embedding(token_ids)  # (B, S, E)
        all_states = []
        for i, layer in enumerate(self.layers):
            outputs = self.dropouts[i](outputs, training=training)
            inputs = outputs
            outputs, *states = layer(inputs, mask=padding_mask)  # (B, S, U)
            if i == 0 and self.backward is not None:
                reversed_outputs, *back_states = self.backward(inputs, mask=padding_mask)
                outputs = ops.concatenate([outputs, ops.flip(reversed_outputs, axis=1)], axis=-1)
                states = [
                    ops.concatenate(both, axis=-1) for both in zip(states, back_states, strict=True)
                ]
            all_states.append(states)
        return outputs, all_states

    def get_config(self):
        config = super().get_config()
        config.update(
            vocabulary_size=self.vocabulary_size,
            embedding_dim=self.embedding_dim,
            units=self.units,
            cell=self.cell,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
        )
        return config
