"""Reference layers, tuned; one public class per file."""

from coursekit.layers.gru import GRU
from coursekit.layers.gru_cell import GRUCell
from coursekit.layers.lstm import LSTM
from coursekit.layers.lstm_cell import LSTMCell
from coursekit.layers.simple_rnn import SimpleRNN
from coursekit.layers.simple_rnn_cell import SimpleRNNCell

__all__ = ["GRU", "LSTM", "GRUCell", "LSTMCell", "SimpleRNN", "SimpleRNNCell"]
