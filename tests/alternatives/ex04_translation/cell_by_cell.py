"""A GRU cell of Keras in a loop of its own; one loop for all three ways to train."""

import keras
from keras import ops

PAD, START, STOP = 0, 1, 2


def teacher_forcing_pair(target_ids, padding_mask):
    return (
        target_ids[..., :-1],
        target_ids[..., 1:],
        ops.cast(ops.convert_to_tensor(padding_mask), "float32")[..., 1:],
    )


class Recurrence(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.cell = keras.layers.GRUCell(units)

    def build(self, input_shape):
        self.cell.build((None, input_shape[-1]))

    def call(self, inputs, state, keep):
        outputs = []
        for t in range(inputs.shape[1]):
            new, _ = self.cell(inputs[:, t], [state])
            state = ops.where(keep[:, t : t + 1], new, state)
            outputs.append(state)
        return ops.stack(outputs, axis=1), state


class Encoder(keras.layers.Layer):
    def __init__(self, vocabulary_size, embedding_dim, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        self.gru = Recurrence(units)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.gru.build((*input_shape, self.embedding.output_dim))

    def call(self, source_ids, padding_mask=None):
        vectors = self.embedding(source_ids)
        keep = ops.full_like(source_ids, True, dtype="bool")
        if padding_mask is not None:
            keep = ops.logical_and(keep, padding_mask)
        zeros = ops.zeros((ops.shape(source_ids)[0], self.gru.units))
        return self.gru(vectors, zeros, keep)


class Decoder(keras.layers.Layer):
    def __init__(self, vocabulary_size, embedding_dim, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        self.gru = Recurrence(units)
        self.output_layer = keras.layers.Dense(vocabulary_size)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.gru.build((*input_shape, self.embedding.output_dim))
        self.output_layer.build((*input_shape, self.gru.units))

    def call(self, decoder_input_ids, state):
        keep = ops.ones(ops.shape(decoder_input_ids), dtype="bool")
        outputs, state = self.gru(self.embedding(decoder_input_ids), state, keep)
        logits = [self.output_layer(outputs[:, t]) for t in range(outputs.shape[1])]
        return ops.stack(logits, axis=1), state


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
        _, state = self.encoder(source_ids, padding_mask)
        answers = []
        for t in range(decoder_input_ids.shape[1]):
            token = decoder_input_ids[:, t]
            if t > 0 and teacher_forcing is not True:
                own = ops.cast(ops.argmax(answers[-1], axis=-1), token.dtype)
                luck = keras.random.uniform(ops.shape(own))
                token = ops.where(luck < float(teacher_forcing), token, own)
            logits, state = self.decoder(ops.expand_dims(token, 1), state)
            answers.append(ops.squeeze(logits, axis=1))
        return ops.stack(answers, axis=1)

    def translate(self, source_ids, padding_mask, max_length):
        _, state = self.encoder(source_ids, padding_mask)
        token = ops.full((len(source_ids),), START, dtype="int32")
        alive = ops.ones((len(source_ids),), dtype="int32")
        columns = []
        for _ in range(max_length):
            logits, state = self.decoder(token[:, None], state)
            token = ops.argmax(logits[:, -1], axis=-1) * alive
            columns.append(token)
            alive = alive * ops.cast(token != STOP, "int32")
            if int(ops.sum(alive)) == 0:
                break
        return ops.stack(columns, axis=1)
