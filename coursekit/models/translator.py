"""The translator: a recurrent encoder and decoder, with a fixed context or attention."""

import keras
import tensorflow as tf

from coursekit.generation.beam_search import beam_search
from coursekit.generation.greedy_search import greedy_search
from coursekit.models.sentence_decoder import SentenceDecoder
from coursekit.models.sentence_encoder import SentenceEncoder
from coursekit.text.special_tokens import PAD, START, STOP, UNKNOWN

NEVER_WRITTEN = (PAD, START, UNKNOWN)


@keras.saving.register_keras_serializable(package="coursekit")
class Translator(keras.Model):
    """Translates sentences of one language into another.

    The equation:

        memory, states = encoder(source_ids)                    # (B, S, U), [(B, U), ...]
        memory = states of the last layer, unless attention     # (B, 1, U)
        logits[:, t] = decoder(decoder_input_ids[:, t], memory, states of step t - 1)

    Without attention everything the decoder learns of the source passes through the encoder's last
    states, a vector of fixed size, as in the lecture; with attention it also looks back at the
    encoder's output for each source token.

    Masking: True = real token; unless `padding_mask` is given it is `source_ids != PAD`. Padding of
    the source changes no logits. The target needs no mask: weigh its labels in the loss.

    Args:
        source_vocabulary_size: int.
        target_vocabulary_size: int, V.
        embedding_dim: int.
        units: int, U.
        cell: "gru", "lstm", "rnn", or a callable that takes units and returns a Keras cell.
        num_layers: int, of encoder and decoder each.
        attention: bool.
        bidirectional: bool. Whether the encoder's first layer reads in both directions, each with
            half the units.
        dropout: float.

    Call arguments:
        source_ids: (B, S).
        decoder_input_ids: (B, T): START and the target, one step late.
        padding_mask: Boolean (B, S).
        teacher_forcing: True (all steps at once), False (each step reads the likeliest token of the
            step before), or the probability of the true token, drawn for each row and step.
        candidate_ids: (C,) ids. If given, logits are computed for these tokens only.

    Returns:
        Logits, float32 (B, T, V), or (B, T, C) of the candidates.

    Example:

    >>> translator = Translator(50, 60, embedding_dim=8, units=16, attention=True)
    >>> translator(tf.constant([[5, 6, 0]]), tf.constant([[1, 7]])).shape
    TensorShape([1, 2, 60])
    >>> translator.translate([[5, 6, 0]], max_length=4).shape
    (1, 4)

    Reference: Sutskever et al. 2014; Cho et al. 2014; Luong et al. 2015.
    """

    def __init__(
        self,
        source_vocabulary_size,
        target_vocabulary_size,
        embedding_dim=128,
        units=256,
        cell="gru",
        num_layers=1,
        attention=False,
        bidirectional=True,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.source_vocabulary_size = source_vocabulary_size
        self.target_vocabulary_size = target_vocabulary_size
        self.embedding_dim = embedding_dim
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.attention = attention
        self.bidirectional = bidirectional
        self.dropout = dropout
        shared = dict(
            embedding_dim=embedding_dim,
            units=units,
            cell=cell,
            num_layers=num_layers,
            dropout=dropout,
            dtype=self.dtype_policy,
        )
        self.encoder = SentenceEncoder(
            source_vocabulary_size, bidirectional=bidirectional, name="encoder", **shared
        )
        self.decoder = SentenceDecoder(
            target_vocabulary_size, attention=attention, name="decoder", **shared
        )
        self._searches = {}

    def build(self, source_ids_shape=None, decoder_input_ids_shape=None, *_):
        self.encoder.build((None, None))
        self.decoder.build((None, None))

    def call(
        self,
        source_ids,
        decoder_input_ids,
        padding_mask=None,
        teacher_forcing=True,
        candidate_ids=None,
        training=None,
    ):
        memory, states, padding_mask = self.encode(source_ids, padding_mask, training)
        return self.decoder(
            decoder_input_ids,
            memory,
            states,
            memory_mask=padding_mask,
            teacher_forcing=teacher_forcing,
            candidate_ids=candidate_ids,
            training=training,
        )

    def encode(self, source_ids, padding_mask=None, training=None):
        """Returns what the decoder needs of the source: memory, first states and memory's mask."""
        if padding_mask is None:
            padding_mask = keras.ops.not_equal(source_ids, PAD)
        memory, states = self.encoder(source_ids, padding_mask=padding_mask, training=training)
        if not self.attention:
            memory, padding_mask = states[-1][0][:, None, :], None  # (B, 1, U)
        return memory, states, padding_mask

    def translate(
        self,
        source_ids,
        padding_mask=None,
        max_length=32,
        beam_width=1,
        length_penalty=0.6,
        return_scores=False,
    ):
        """Writes the translations, greedily or with a beam.

        Compiled at the first call with a `beam_width`, for all batch sizes and lengths.

        Args:
            source_ids: (B, S) ids.
            padding_mask: Boolean (B, S).
            max_length: int. The most tokens of a translation, STOP included.
            beam_width: int. 1: greedy.
            length_penalty: float, of the beam search.
            return_scores: if True, the log-likelihoods (B,) are returned too (beam search).

        Returns:
            NumPy int32 (B, max_length): the best translation of each row, PAD after STOP.
        """
        if beam_width < 1 or max_length < 1:
            raise ValueError(
                "`beam_width` and `max_length` are at least 1. Received: "
                f"beam_width={beam_width}, max_length={max_length}"
            )
        source_ids = tf.convert_to_tensor(source_ids, tf.int32)
        padding_mask = source_ids != PAD if padding_mask is None else padding_mask
        search = self._searches.get((beam_width, return_scores))
        if search is None:
            search = self._searches[beam_width, return_scores] = self._compiled(
                beam_width, return_scores
            )
        token_ids, scores = search(
            source_ids,
            tf.convert_to_tensor(padding_mask, tf.bool),
            tf.constant(max_length, tf.int32),
            tf.constant(length_penalty, tf.float32),
        )
        return (token_ids.numpy(), scores.numpy()) if return_scores else token_ids.numpy()

    def _compiled(self, beam_width, return_scores):
        greedy = beam_width == 1 and not return_scores
        ids, mask = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None], tf.bool)
        scalars = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32)

        @tf.function(input_signature=[ids, mask, *scalars], autograph=False)
        def search(source_ids, padding_mask, max_length, length_penalty):
            first_ids = tf.fill([tf.shape(source_ids)[0]], START)
            memory, states, memory_mask = self.encode(source_ids, padding_mask, training=False)
            if not greedy:
                memory, states, memory_mask = tf.nest.map_structure(
                    lambda tensor: tensor if tensor is None else tf.repeat(tensor, beam_width, 0),
                    (memory, states, memory_mask),
                )

            def step(token_ids, states):
                return self.decoder.step(token_ids, states, memory, memory_mask, training=False)

            if greedy:
                token_ids = greedy_search(
                    step, first_ids, states, max_length, STOP, PAD, NEVER_WRITTEN
                )
                return token_ids, tf.zeros_like(first_ids, tf.float32)
            token_ids, scores = beam_search(
                step,
                first_ids,
                states,
                beam_width,
                max_length,
                STOP,
                PAD,
                NEVER_WRITTEN,
                length_penalty,
            )
            return token_ids[:, 0, :], scores[:, 0]

        return search

    def get_config(self):
        config = super().get_config()
        config.update(
            source_vocabulary_size=self.source_vocabulary_size,
            target_vocabulary_size=self.target_vocabulary_size,
            embedding_dim=self.embedding_dim,
            units=self.units,
            cell=self.cell,
            num_layers=self.num_layers,
            attention=self.attention,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
        )
        return config
