"""Unit 10. The decoder transformer.

All parts are there: a table with a row for each token, positions, decoder blocks. Put together they
are a language model: token ids go in, and for every position come out V numbers, the logits of the
token that follows. This is GPT-2, apart from its size.

The table is used twice. On the way in, a token is replaced by its row. On the way out, the rows are
compared with what the last block gives: the more alike, the likelier the token. One table learns
from both ends, and the model has no other output layer ("tied" embeddings, Press and Wolf 2017).

Letters for shapes: B sequences in a batch, T tokens, D hidden_dim, V vocabulary_size. Arguments are
tensors, masks are True for real tokens. The parts of the model are made for you in `__init__` and
`build`: leave them as they are and add none, the checks put their own weights into them, in that
order. The model has to work inside `tf.function`, where B and T may be unknown, and with
`dtype="mixed_float16"`, where the parts compute in float16.
"""

import keras
from keras import ops

from coursekit.layers import DecoderBlock, LearnedPositionEmbedding, SinusoidalPositionEncoding


class DecoderTransformer(keras.Model):
    """A language model made of pre-norm decoder blocks.

        x = embed(token_ids)
        x = blocks[0](x), then blocks[1](x), ..., then blocks[num_layers - 1](x)
        logits = unembed(final_norm(x))

    Its parts, all made for you:

    * `token_embedding`: a `keras.layers.Embedding`; its table is `token_embedding.embeddings` (V, D).
    * `position_layer(x)`: returns x *plus* the positions, learned or sinusoidal.
    * `dropout_layer(x, training=...)`: drops numbers in training, and only then.
    * `blocks`: a list of `num_layers` blocks, each called as
      `block(x, padding_mask=..., training=...)`. They are causal by themselves.
    * `final_norm(x)`: in pre-norm blocks nothing norms the residual, so this is done once at the end.

    Args:
        vocabulary_size: V, how many tokens there are.
        sequence_length: the longest T, the context. Shorter sequences are as good.
        num_layers: how many blocks.
        num_heads: heads of attention in each block; a divisor of D.
        hidden_dim: D.
        intermediate_dim: width inside the feed-forward networks; 4 * D if None.
        dropout: share of numbers dropped in training, after the embedding and inside the blocks.
        positions: `"learned"` or `"sinusoidal"`.
    """

    def __init__(
        self,
        vocabulary_size,
        sequence_length,
        num_layers,
        num_heads,
        hidden_dim,
        intermediate_dim=None,
        dropout=0.0,
        positions="learned",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if positions not in ("learned", "sinusoidal"):
            raise ValueError(
                f'positions should be "learned" or "sinusoidal". Received: positions={positions!r}'
            )
        if intermediate_dim is None:
            intermediate_dim = 4 * hidden_dim
        policy = self.dtype_policy
        self.vocabulary_size = vocabulary_size
        self.sequence_length = sequence_length
        self.hidden_dim = hidden_dim
        self.token_embedding = keras.layers.Embedding(
            vocabulary_size,
            hidden_dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype=policy,
            name="token_embedding",
        )
        if positions == "learned":
            self.position_layer = LearnedPositionEmbedding(
                sequence_length, dtype=policy, name="positions"
            )
        else:
            self.position_layer = SinusoidalPositionEncoding(dtype=policy, name="positions")
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)
        self.blocks = [
            DecoderBlock(
                num_heads, intermediate_dim, dropout=dropout, dtype=policy, name=f"block_{number}"
            )
            for number in range(num_layers)
        ]
        self.final_norm = keras.layers.LayerNormalization(
            epsilon=1e-5, dtype=policy, name="final_norm"
        )

    def build(self, input_shape):
        hidden_shape = (*input_shape, self.hidden_dim)  # (B, T, D)
        self.token_embedding.build(input_shape)
        for part in (self.position_layer, *self.blocks, self.final_norm):
            part.build(hidden_shape)

    def embed(self, token_ids, training=None):
        """What the first block reads: tokens and positions, with dropout on their sum.

            embed(token_ids)[b, t] = dropout(table[token_ids[b, t]] + position[t])

        Nothing is scaled. (Vaswani et al. 2017 multiply the rows by sqrt(D); GPT does not.)

        Args:
            token_ids: integers (B, T), from 0 to V - 1. Every id is a token like any other, 0 too.
            training: whether dropout acts.

        Returns:
            (B, T, D).
        """
        # BEGIN SOLUTION
        x = self.token_embedding(token_ids)  # (B, T, D)
        x = self.position_layer(x)
        return self.dropout_layer(x, training=training)
        # END SOLUTION

    def unembed(self, x):
        """Compares every position with every row of the table of `token_embedding`.

            logits[b, t, v] = sum over d of x[b, t, d] * table[v, d]

        No bias, no scaling, no softmax: whoever wants probabilities makes them from the logits.

        Args:
            x: (B, T, D).

        Returns:
            The logits, (B, T, V).
        """
        # BEGIN SOLUTION
        table = ops.transpose(self.token_embedding.embeddings)  # (D, V)
        return ops.matmul(x, table)  # (B, T, V)
        # END SOLUTION

    def call(self, token_ids, padding_mask=None, training=None):
        """The whole model: embed, one block after the other, the final norm, unembed.

        The logits of position t know the tokens up to t and nothing after it. They are about the
        token at t + 1; what is at t + 1 is compared with them by the loss, not here.

        Args:
            token_ids: integers (B, T), T at most `sequence_length`.
            padding_mask: Boolean (B, T), True for a real token; None if every token is real. No
                real token may see padding, in any block. Nobody reads the logits at padding.
            training: whether dropout acts, after the embedding and in every block.

        Returns:
            The logits of all positions, (B, T, V).
        """
        # BEGIN SOLUTION
        x = self.embed(token_ids, training=training)
        for block in self.blocks:
            x = block(x, padding_mask=padding_mask, training=training)
        return self.unembed(self.final_norm(x))
        # END SOLUTION
