"""Writes a target sentence from an encoded source."""

import keras
import tensorflow as tf
from keras import ops

from coursekit.models.luong_attention import LuongAttention
from coursekit.models.recurrent_layers import recurrent_layer


@keras.saving.register_keras_serializable(package="coursekit")
class SentenceDecoder(keras.layers.Layer):
    """Stacked recurrent layers between an embedding and logits, conditioned on a memory.

    The equation, for the outputs of the recurrent layers, which start from the encoder's states:

        context = attention(outputs, memory)  or  memory, where that is one vector a sentence
        readout = tanh(outputs @ W + context @ C + b)    # (B, T, E)
        logits = readout @ embedding^T + output_bias                 # (B, T, V)

    The output table is the embedding's (tied), so a word is learned from reading and from writing
    it. A fixed context is added to every input as well, as in Cho et al. 2014.

    Masking: `memory_mask` is for attention. The decoder is causal and takes no mask of its own:
    what comes after a token cannot change its logits, so padding at the end is harmless.

    Args:
        vocabulary_size: int.
        embedding_dim: int.
        units: int.
        cell: "gru", "lstm", "rnn" or a callable from units to a Keras cell.
        num_layers: int.
        attention: whether to attend over the memory; otherwise the memory is (B, 1, U).
        dropout: float. Of embeddings, of what goes from layer to layer, and of the readout.

    Call arguments:
        token_ids: (B, T), what the decoder reads: START and the target, one step late.
        memory: (B, S, U), or (B, 1, U) without attention.
        states: for each layer the list of its first states.
        memory_mask: Boolean (B, S).
        teacher_forcing: True: each step reads the true token before it (one pass for the whole
            target). False: its own likeliest token. A probability: a draw for each row and step.

    Returns:
        Logits, float32 (B, T, V).
    """

    def __init__(
        self,
        vocabulary_size,
        embedding_dim,
        units,
        cell="gru",
        num_layers=1,
        attention=False,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.attention = attention
        self.dropout = dropout
        dtype = self.dtype_policy
        self.embedding = keras.layers.Embedding(
            vocabulary_size,
            embedding_dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=embedding_dim**-0.5),
            dtype=dtype,
            name="embedding",
        )
        self.dropouts = [
            keras.layers.Dropout(dropout, dtype=dtype, name=f"dropout_{i}")
            for i in range(num_layers + 1)
        ]
        self.layers = [
            recurrent_layer(cell, units, dtype=dtype, name=f"recurrent_{i}")
            for i in range(num_layers)
        ]
        if attention:
            self.attend = LuongAttention(dtype=dtype, name="attention")
        else:
            self.context_to_input = keras.layers.Dense(
                embedding_dim, use_bias=False, dtype=dtype, name="context_to_input"
            )
        self.output_to_readout = keras.layers.Dense(
            embedding_dim, dtype=dtype, name="output_to_readout"
        )
        self.context_to_readout = keras.layers.Dense(
            embedding_dim, use_bias=False, dtype=dtype, name="context_to_readout"
        )
        self.draws = keras.random.SeedGenerator(seed=0)

    def build(self, token_ids_shape, memory_shape=None, *_):
        states_shape = (None, None, self.units)
        self.embedding.build(token_ids_shape)
        width = self.embedding_dim
        for layer in self.layers:
            layer.build((None, None, width))
            width = self.units
        if self.attention:
            self.attend.build(states_shape, states_shape)
        else:
            self.context_to_input.build(states_shape)
        self.output_to_readout.build(states_shape)
        self.context_to_readout.build(states_shape)
        self.output_bias = self.add_weight(
            name="output_bias",
            shape=(self.vocabulary_size,),
            initializer="zeros",
            autocast=False,  # logits are float32
        )

    def call(
        self,
        token_ids,
        memory,
        states,
        memory_mask=None,
        teacher_forcing=True,
        candidate_ids=None,
        training=None,
    ):
        if tf.is_tensor(teacher_forcing) or teacher_forcing != 1:
            logits = self.run_freely(
                token_ids, memory, states, memory_mask, teacher_forcing, training
            )
            return logits if candidate_ids is None else tf.gather(logits, candidate_ids, axis=-1)
        embedded = self.embed(token_ids)  # (B, T, E)
        outputs = self.with_context(embedded, memory)
        for layer, dropout, first in zip(self.layers, self.dropouts, states, strict=False):
            outputs = dropout(outputs, training=training)
            outputs, *_ = layer(outputs, initial_state=list(first))  # (B, T, U)
        return self.logits(outputs, memory, memory_mask, candidate_ids, training)

    def step(self, token_ids, states, memory, memory_mask=None, training=None):
        """Reads one token a row, (B,), and returns its logits (B, V) and the next states."""
        embedded = self.embed(token_ids[:, None])  # (B, 1, E)
        outputs = self.with_context(embedded, memory)[:, 0, :]
        next_states = []
        for layer, dropout, before in zip(self.layers, self.dropouts, states, strict=False):
            outputs = dropout(outputs, training=training)
            outputs, after = layer.cell(outputs, list(before))  # (B, U)
            next_states.append(list(after))
        logits = self.logits(outputs[:, None, :], memory, memory_mask, None, training)
        return logits[:, 0, :], next_states

    def run_freely(self, token_ids, memory, states, memory_mask, teacher_forcing, training):
        """Reads, at each row and step, the true token with a probability, else its own."""
        batch_size, length = tf.shape(token_ids)[0], tf.shape(token_ids)[1]
        if not tf.is_tensor(teacher_forcing) and not teacher_forcing:
            forced = tf.zeros((batch_size, length), tf.bool)
        else:
            draws = keras.random.uniform((batch_size, length), seed=self.draws)
            forced = draws < tf.cast(teacher_forcing, draws.dtype)
        token_ids = tf.cast(token_ids, tf.int32)
        all_logits = tf.TensorArray(
            tf.float32, size=length, element_shape=(token_ids.shape[0], self.vocabulary_size)
        )

        def body(time, written, states, all_logits):
            logits, states = self.step(written, states, memory, memory_mask, training)
            written = tf.argmax(logits, axis=-1, output_type=tf.int32)
            following = tf.minimum(time + 1, length - 1)
            written = tf.where(forced[:, following], token_ids[:, following], written)
            return time + 1, written, states, all_logits.write(time, logits)

        states = [list(layer_states) for layer_states in states]
        *_, all_logits = tf.while_loop(
            lambda time, *_: time < length,
            body,
            (tf.constant(0), token_ids[:, 0], states, all_logits),
            maximum_iterations=length,
        )
        return tf.transpose(all_logits.stack(), [1, 0, 2])  # (B, T, V)

    def embed(self, token_ids):
        return self.embedding(token_ids) * self.embedding_dim**0.5

    def with_context(self, embedded, memory):
        return embedded if self.attention else embedded + self.context_to_input(memory)

    def logits(self, outputs, memory, memory_mask, candidate_ids, training):
        """(B, T, U) of the last layer to (B, T, V), or (B, T, C)."""
        context = self.attend(outputs, memory, memory_mask) if self.attention else memory
        readout = self.output_to_readout(outputs) + self.context_to_readout(context)
        readout = self.dropouts[-1](ops.tanh(readout), training=training)  # (B, T, E)
        table, bias = self.embedding.embeddings, self.output_bias  # (V, E), (V,)
        if candidate_ids is not None:
            table, bias = tf.gather(table, candidate_ids), tf.gather(bias, candidate_ids)
        flat = tf.reshape(readout, [-1, self.embedding_dim])  # (B * T, E)
        logits = tf.matmul(flat, tf.cast(table, flat.dtype), transpose_b=True)  # (B * T, V)
        logits = tf.cast(logits, tf.float32) + bias
        shape = tf.shape(readout)
        return tf.reshape(logits, [shape[0], shape[1], tf.shape(table)[0]])

    def get_config(self):
        config = super().get_config()
        config.update(
            vocabulary_size=self.vocabulary_size,
            embedding_dim=self.embedding_dim,
            units=self.units,
            cell=self.cell,
            num_layers=self.num_layers,
            attention=self.attention,
            dropout=self.dropout,
        )
        return config
