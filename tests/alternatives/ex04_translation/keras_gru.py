"""keras.layers.GRU in place of the given layer; the state read off the outputs; integer arithmetic."""

import keras
import tensorflow as tf

PAD, START, STOP = 0, 1, 2


def teacher_forcing_pair(target_ids, padding_mask):
    target_ids = tf.convert_to_tensor(target_ids)
    length = tf.shape(target_ids)[1] - 1
    inputs = tf.slice(target_ids, [0, 0], [-1, length])
    labels = tf.slice(target_ids, [0, 1], [-1, length])
    weights = tf.where(padding_mask, 1.0, 0.0)
    return [inputs, labels, tf.slice(weights, [0, 1], [-1, length])]


class Encoder(keras.layers.Layer):
    def __init__(self, vocabulary_size, embedding_dim, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        self.gru = keras.layers.GRU(units, return_sequences=True)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.gru.build((*input_shape, self.embedding.output_dim))

    def call(self, source_ids, padding_mask=None):
        outputs = self.gru(self.embedding(source_ids), mask=padding_mask)
        return outputs, outputs[:, -1]


class Decoder(keras.layers.Layer):
    def __init__(self, vocabulary_size, embedding_dim, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        self.gru = keras.layers.GRU(units, return_sequences=True, return_state=True)
        self.output_layer = keras.layers.Dense(vocabulary_size)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.gru.build((*input_shape, self.embedding.output_dim))
        self.output_layer.build((*input_shape, self.gru.units))

    def call(self, decoder_input_ids, state):
        embedded = self.embedding(decoder_input_ids)
        outputs, state = self.gru(embedded, initial_state=state)
        return [self.output_layer(outputs), state]


class Translator(keras.Model):
    def __init__(
        self, source_vocabulary_size, target_vocabulary_size, embedding_dim, units, **kwargs
    ):
        super().__init__(**kwargs)
        self.encoder = Encoder(source_vocabulary_size, embedding_dim, units)
        self.decoder = Decoder(target_vocabulary_size, embedding_dim, units)

    def build(self, input_shape):
        self.encoder.build(input_shape)
        self.decoder.build(input_shape)

    def call(self, source_ids, decoder_input_ids, padding_mask=None, teacher_forcing=True):
        state = self.encoder(source_ids, padding_mask)[1]
        if teacher_forcing is True:
            logits, _ = self.decoder(decoder_input_ids, state)
            return logits
        share = 0.0 if teacher_forcing is False else teacher_forcing
        coins = tf.random.uniform(tf.shape(decoder_input_ids)) < share
        coins = tf.cast(coins, decoder_input_ids.dtype)
        token = decoder_input_ids[:, 0]
        collected = []
        for t in range(decoder_input_ids.shape[1]):
            logits, state = self.decoder(token[:, tf.newaxis], state)
            collected.append(logits[:, 0, :])
            own = tf.argmax(logits[:, 0, :], axis=-1, output_type=decoder_input_ids.dtype)
            if t + 1 < decoder_input_ids.shape[1]:
                coin = coins[:, t + 1]
                token = coin * decoder_input_ids[:, t + 1] + (1 - coin) * own
        return tf.stack(collected, axis=1)

    def translate(self, source_ids, padding_mask, max_length):
        state = self.encoder(source_ids, padding_mask)[1]
        token = tf.fill([len(source_ids), 1], START)
        written = tf.zeros([len(source_ids), 0], tf.int64)
        while written.shape[1] < max_length:
            logits, state = self.decoder(token, state)
            token = tf.argmax(logits, axis=-1)
            stopped = tf.reduce_any(written == STOP, axis=1, keepdims=True)
            token = tf.where(stopped, tf.constant(PAD, tf.int64), token)
            written = tf.concat([written, token], axis=1)
            if tf.reduce_all(tf.reduce_any(written == STOP, axis=1)):
                break
        return written
