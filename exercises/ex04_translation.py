"""Unit 4. Translation with an encoder and a decoder.

An encoder reads the source sentence and leaves one state, a vector of fixed size. A decoder starts
from that state and writes the translation token by token, each time from the token before. You write
what happens around the recurrent layers: the pairs of inputs and labels, the encoder and the decoder,
training with the right tokens (teacher forcing), with the model's own (free running) or with a mix of
both (scheduled sampling), and finally the translation of sentences nobody has translated.

Every target sentence is written `START w1 ... wn STOP`, filled up with `PAD` to the length of the
longest in the batch.

Letters for shapes: B sentences in a batch, S tokens of the source, T tokens of the target, U units of
a state, V tokens in the target's vocabulary. Token ids are int32. In a mask True means a real token
and False padding; the mask decides, not the id that stands there. Lengths are known inside
`tf.function` too, so a Python loop over them is fine.

The layers are given, together with their weights:

- `self.embedding(token_ids)` turns ids (B, T) into vectors (B, T, embedding_dim).
- `self.gru(inputs, initial_state=None, padding_mask=None)` runs the GRU of unit 3 over vectors and
  returns `(outputs, state)`: its state after each token, (B, T, U), and after the last one, (B, U). It
  starts from `initial_state`, (B, U), or from zeros if that is None. Where `padding_mask`, (B, T), is
  False it keeps its state; None means that every token is real.
- `self.output_layer(outputs)` turns (B, T, U) into logits (B, T, V).
"""

import keras
from keras import ops

from coursekit.layers.unrolled_gru import UnrolledGRU

PAD, START, STOP = 0, 1, 2


def teacher_forcing_pair(target_ids, padding_mask):
    """What the decoder reads, what it should answer, and which answers count.

        target_ids          START  w1    w2    STOP  PAD
        decoder_input_ids   START  w1    w2    STOP
        labels              w1     w2    STOP  PAD
        sample_weight       1      1     1     0

    At each step the decoder reads one token and should answer with the next one: the inputs are the
    target without its last column, the labels the target without its first. An answer counts if its
    label is a real token. That is a question about the label, not about the input: after STOP the
    input is real and the label is padding. This function also runs in data pipelines, the one place
    where T may be unknown; slices do not mind.

    Args:
        target_ids: (B, T), T at least 2.
        padding_mask: Boolean (B, T), True where `target_ids` has a real token.

    Returns:
        `(decoder_input_ids, labels, sample_weight)`, each (B, T - 1). The weights are float32: one
        where the label is real and zero where it is padding.
    """
    raise NotImplementedError("ex04_translation: teacher_forcing_pair is not written yet")


class Encoder(keras.layers.Layer):
    """Reads the source and leaves a state: embedding, then GRU."""

    def __init__(self, vocabulary_size, embedding_dim, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        self.gru = UnrolledGRU(units)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.gru.build((*input_shape, self.embedding.output_dim))

    def call(self, source_ids, padding_mask=None):
        """The states along the source, and the state after its last real token.

        Padding leaves no trace in the state: a sentence has the same state with and without it,
        whatever ids stand in the padding and wherever the padding is.

        Args:
            source_ids: (B, S).
            padding_mask: Boolean (B, S); None means that every token is real.

        Returns:
            `(outputs, state)`, (B, S, U) and (B, U). Nobody reads the outputs at padding.
        """
        raise NotImplementedError("ex04_translation: Encoder.call is not written yet")


class Decoder(keras.layers.Layer):
    """Reads target tokens, starting from a state, and answers with logits of the next ones."""

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
        """Logits after each token that is read, and the state after the last one.

        The logits at t are the decoder's answer to what comes after `decoder_input_ids[:, t]`. They
        are numbers of any size, as the output layer gives them; no softmax. The decoder has no mask and
        reads PAD like any other token: what it answers there has a sample weight of zero.

        Args:
            decoder_input_ids: (B, T). With T = 1 this is one step of writing a translation.
            state: (B, U), the encoder's, or the one that this method returned for the tokens before.

        Returns:
            `(logits, state)`, (B, T, V) and (B, U).
        """
        raise NotImplementedError("ex04_translation: Decoder.call is not written yet")


class Translator(keras.Model):
    """An encoder and a decoder that starts from the encoder's state.

    Args:
        source_vocabulary_size: number of ids of the source.
        target_vocabulary_size: V, number of ids of the target.
        embedding_dim: width of a token's vector, on both sides.
        units: U, size of the state, on both sides.
    """

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
        """Logits of the target, token after token. `teacher_forcing` says what the decoder reads.

        - True: the right tokens, `decoder_input_ids`, all at once.
        - False: its own. It reads START, answers, then reads the token with the largest logit of its
          own answer, and so on for T steps, also after STOP. Of `decoder_input_ids` only the first
          column, START, and the length T are used.
        - A probability p between 0 and 1 (scheduled sampling): START first; after that, for each step
          and each row, the right token with probability p, and otherwise the token with the largest
          logit of the answer just given. Every step, every row and every call draws anew. p = 1.0
          is the same as True, p = 0.0 the same as False.

        `keras.random.uniform(shape, seed=self.seed_generator)` draws numbers between 0 and 1, other
        numbers in every call.

        Args:
            source_ids: (B, S).
            decoder_input_ids: (B, T); each row begins with START.
            padding_mask: Boolean (B, S), the mask of the source; None: every source token is real.
            teacher_forcing: True, False or a float.

        Returns:
            The logits, (B, T, V); those at t answer the token read at step t.
        """
        raise NotImplementedError("ex04_translation: Translator.call is not written yet")

    def translate(self, source_ids, padding_mask, max_length):
        """Translates greedily: the decoder starts with START and reads its own best token each time.

        A row is finished once it has written STOP, and by nothing else. A finished row writes PAD at
        every later step. As soon as every row is finished no further step is made: the result has one
        column for each step that was made, as many as the longest translation has tokens with its
        STOP, and never more than `max_length`.

        This method runs eagerly, not inside `tf.function`: Python can look at values and `break`.

        Args:
            source_ids: (B, S).
            padding_mask: Boolean (B, S), the mask of the source.
            max_length: the largest number of steps, at least 1.

        Returns:
            The translations, int (B, L) with 1 <= L <= max_length: each row's tokens without START,
            its STOP if it came to it, then PAD.
        """
        raise NotImplementedError("ex04_translation: Translator.translate is not written yet")
