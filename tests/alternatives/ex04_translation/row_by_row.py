"""Translates with Python lists; rows at different places; top_k for the best token; a mixin."""

import keras
import tensorflow as tf

from coursekit.layers.unrolled_gru import UnrolledGRU

PAD, START, STOP = 0, 1, 2


def teacher_forcing_pair(target_ids, padding_mask):
    target_ids = tf.convert_to_tensor(target_ids)
    decoder_input_ids, labels = target_ids[:, :-1], target_ids[:, 1:]
    sample_weight = tf.cast(padding_mask, tf.float32)[:, 1:]
    return decoder_input_ids, labels, sample_weight


class Reader:
    def read(self, token_ids, **keywords):
        return self.gru(self.embedding(token_ids), **keywords)


class Encoder(Reader, keras.layers.Layer):
    def __init__(self, vocabulary_size, embedding_dim, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        self.gru = UnrolledGRU(units)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.gru.build((*input_shape, self.embedding.output_dim))

    def call(self, source_ids, padding_mask=None):
        outputs, state = self.read(source_ids, padding_mask=padding_mask)
        return outputs, state


class Decoder(Reader, keras.layers.Layer):
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
        outputs, state = self.read(decoder_input_ids, initial_state=state)
        kernel, bias = self.output_layer.kernel, self.output_layer.bias
        return tf.einsum("btu,uv->btv", outputs, tf.convert_to_tensor(kernel)) + bias, state


class Translator(keras.Model):
    def __init__(
        self, source_vocabulary_size, target_vocabulary_size, embedding_dim, units, **kwargs
    ):
        super().__init__(**kwargs)
        self.encoder = Encoder(source_vocabulary_size, embedding_dim, units)
        self.decoder = Decoder(target_vocabulary_size, embedding_dim, units)
        self.seed_generator = keras.random.SeedGenerator(7)

    def build(self, input_shape):
        self.encoder.build(input_shape)
        self.decoder.build(input_shape)

    def teacher_forced(self, state, decoder_input_ids):
        return self.decoder(decoder_input_ids, state)[0]

    def mixed(self, state, decoder_input_ids, probability):
        columns = tf.unstack(decoder_input_ids, axis=1)
        token, logits = columns[0], []
        for number, right in enumerate(columns):
            if number:
                own = tf.cast(tf.math.top_k(logits[-1][:, 0]).indices[:, 0], right.dtype)
                draw = keras.random.uniform(tf.shape(own), seed=self.seed_generator)
                token = tf.where(draw < probability, right, own)
            answer, state = self.decoder(tf.expand_dims(token, 1), state)
            logits.append(answer)
        return tf.concat(logits, axis=1)

    def call(self, source_ids, decoder_input_ids, padding_mask=None, teacher_forcing=True):
        _, state = self.encoder(source_ids, padding_mask)
        if isinstance(teacher_forcing, bool):
            if teacher_forcing:
                return self.teacher_forced(state, decoder_input_ids)
            teacher_forcing = 0.0
        return self.mixed(state, decoder_input_ids, teacher_forcing)

    def translate(self, source_ids, padding_mask, max_length):
        _, state = self.encoder(source_ids, padding_mask)
        rows = [[] for _ in range(source_ids.shape[0])]
        last = [START] * len(rows)
        for _ in range(max_length):
            logits, state = self.decoder(tf.constant([[token] for token in last]), state)
            best = tf.argmax(logits[:, 0], axis=1).numpy().tolist()
            last = [PAD if STOP in row else token for row, token in zip(rows, best)]
            for row, token in zip(rows, last):
                row.append(token)
            if all(STOP in row for row in rows):
                break
        return tf.constant(rows)
