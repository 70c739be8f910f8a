"""The course's models."""

from coursekit.models.decoder_transformer import DecoderTransformer
from coursekit.models.luong_attention import LuongAttention
from coursekit.models.sentence_decoder import SentenceDecoder
from coursekit.models.sentence_encoder import SentenceEncoder
from coursekit.models.translator import Translator

__all__ = [
    "DecoderTransformer",
    "LuongAttention",
    "SentenceDecoder",
    "SentenceEncoder",
    "Translator",
]
