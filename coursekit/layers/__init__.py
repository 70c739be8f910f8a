"""Reference layers, tuned; one public class per file."""

from coursekit.layers.attention import causal_mask, masked_softmax, scaled_dot_product_attention
from coursekit.layers.decoder_block import DecoderBlock
from coursekit.layers.feed_forward import FeedForward
from coursekit.layers.gru import GRU
from coursekit.layers.gru_cell import GRUCell
from coursekit.layers.learned_position_embedding import LearnedPositionEmbedding
from coursekit.layers.lstm import LSTM
from coursekit.layers.lstm_cell import LSTMCell
from coursekit.layers.masked_multi_head_attention import MaskedMultiHeadAttention
from coursekit.layers.rotary_embedding import RotaryEmbedding
from coursekit.layers.simple_rnn import SimpleRNN
from coursekit.layers.simple_rnn_cell import SimpleRNNCell
from coursekit.layers.sinusoidal_position_encoding import (
    SinusoidalPositionEncoding,
    sinusoidal_encoding,
)

__all__ = [
    "GRU",
    "LSTM",
    "DecoderBlock",
    "FeedForward",
    "GRUCell",
    "LSTMCell",
    "LearnedPositionEmbedding",
    "MaskedMultiHeadAttention",
    "RotaryEmbedding",
    "SimpleRNN",
    "SimpleRNNCell",
    "SinusoidalPositionEncoding",
    "causal_mask",
    "masked_softmax",
    "scaled_dot_product_attention",
    "sinusoidal_encoding",
]
