"""tf.while_loop for free running; the translation in NumPy, cut to length afterwards."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from coursekit.layers.unrolled_gru import UnrolledGRU

PAD, START, STOP = 0, 1, 2


def teacher_forcing_pair(target_ids, padding_mask):
    columns = ops.shape(target_ids)[1]
    inputs = ops.take(target_ids, ops.arange(columns - 1), axis=1)
    labels = ops.take(target_ids, ops.arange(1, columns), axis=1)
    real = ops.take(padding_mask, ops.arange(1, columns), axis=1)
    return inputs, labels, ops.where(real, ops.ones((), "float32"), ops.zeros((), "float32"))


class Encoder(keras.layers.Layer):
    def __init__(self, vocabulary_size, embedding_dim, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        self.gru = UnrolledGRU(units)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.gru.build((*input_shape, self.embedding.output_dim))

    def call(self, source_ids, padding_mask=None):
        if padding_mask is None:
            padding_mask = ops.ones_like(source_ids, dtype="bool")
        outputs, state = self.gru(self.embedding(source_ids), None, padding_mask)
        return outputs * ops.cast(padding_mask[:, :, None], outputs.dtype), state


class Decoder(keras.layers.Layer):
    def __init__(self, vocabulary_size, embedding_dim, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        self.gru = UnrolledGRU(units)
        self.output_layer = keras.layers.Dense(vocabulary_size)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.gru.build((*input_shape, self.embedding.output_dim))
        self.output_layer.build((*input_shape, self.gru.units))

    def call(self, decoder_input_ids, state):
        outputs, _ = self.gru(self.embedding(decoder_input_ids), state)
        return self.output_layer(outputs), outputs[:, -1, :]


class Translator(keras.Model):
    def __init__(
        self, source_vocabulary_size, target_vocabulary_size, embedding_dim, units, **kwargs
    ):
        super().__init__(**kwargs)
        self.encoder = Encoder(source_vocabulary_size, embedding_dim, units)
        self.decoder = Decoder(target_vocabulary_size, embedding_dim, units)
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape):
        self.encoder.build(input_shape)
        self.decoder.build(input_shape)

    def call(self, source_ids, decoder_input_ids, padding_mask=None, teacher_forcing=True):
        state = self.encoder(source_ids, padding_mask=padding_mask)[1]
        if teacher_forcing is True or teacher_forcing == 1.0:
            return self.decoder(decoder_input_ids, state)[0]
        if teacher_forcing is False or teacher_forcing == 0.0:
            forced = ops.zeros_like(decoder_input_ids, dtype="bool")
        else:
            forced = keras.random.binomial(
                ops.shape(decoder_input_ids), 1, teacher_forcing, seed=self.seed_generator
            )
            forced = ops.cast(forced, "bool")
        length = decoder_input_ids.shape[1]

        def step(t, token, state, answers):
            logits, state = self.decoder(token[:, None], state)
            answers = answers.write(t, logits[:, 0])
            own = tf.argmax(logits[:, 0], axis=-1, output_type=token.dtype)
            following = tf.minimum(t + 1, length - 1)
            token = tf.where(forced[:, following], decoder_input_ids[:, following], own)
            return t + 1, token, state, answers

        answers = tf.TensorArray(state.dtype, size=length)
        *_, answers = tf.while_loop(
            lambda t, *_: t < length,
            step,
            (tf.constant(0), decoder_input_ids[:, 0], state, answers),
        )
        return tf.transpose(answers.stack(), [1, 0, 2])

    def translate(self, source_ids, padding_mask, max_length):
        _, state = self.encoder(source_ids, padding_mask)
        rows = source_ids.shape[0]
        written = np.full((rows, max_length), PAD)
        token = np.full((rows, 1), START)
        open_rows = np.full(rows, True)
        steps = 0
        while open_rows.any() and steps < max_length:
            logits, state = self.decoder(token, state)
            token = np.argmax(logits, axis=-1)
            written[open_rows, steps] = token[open_rows, 0]
            open_rows &= token[:, 0] != STOP
            steps += 1
        return written[:, :steps]
