"""The compiled parts of generation: reading a piece of text, and the loop that writes.

Both have fixed shapes, as XLA asks for: the cache has one length, a piece of text another, and how
far the loop goes is a number. On a CPU a step of a small model is some hundred operations of a few
microseconds each: run one by one they take ten times as long as one program of all of them.

Legend: B batch, S length of the cache, V vocabulary, K stop ids.
"""

from functools import partial

import tensorflow as tf

from coursekit.generation.next_token import allowed_logits
from coursekit.generation.sampling import choose_token

PIECE = 32  # tokens that are read at once
_STOP_IDS = 4  # their number is filled up to a multiple of this


class DecodingLoop:
    """Compiled functions for one model, one for each kind of sampling.

    Args:
        model: has `initial_cache(batch_size, length)` and `call_with_cache(token_ids, cache, index)`.
        forbidden_ids: ids that are never written.
        jit_compile: bool. Whether XLA compiles the functions.
    """

    def __init__(self, model, forbidden_ids=(), jit_compile=True):
        self.model = model
        self.forbidden_ids = tuple(forbidden_ids)
        self._jit_compile = jit_compile
        self._graphs = {}

    @property
    def traces(self) -> int:
        """How many graphs there are."""
        return len(self._graphs)

    def read(self, token_ids, cache, index):
        """Returns the cache after reading `token_ids` (B, PIECE), which stand at `index` and after."""
        values = tf.constant(token_ids), cache, tf.constant(index, tf.int32)
        return self._graph("read", self._read_piece, values)(*values)

    def write(self, state, cache, index, stop, stop_ids, pad_id, sampling):
        """Reads and writes token by token, until `stop` or until all rows have finished.

        Args:
            state: `(token_ids (S + 1, B), chances (S + 1, B), known (B,), ends (B,), finished (B,))`,
                see `_write_tokens`.
            cache: of the tokens before `index`.
            index: int. Where the next token to read stands.
            stop: int. The first token that is not read any more.
            stop_ids: ids that finish a row.
            pad_id: int. What a finished row emits.
            sampling: a `Sampling`.

        Returns:
            `(token_ids, finished, index, cache)`, as they are then.
        """
        room = -len(stop_ids) % _STOP_IDS if stop_ids else _STOP_IDS
        values = (
            tuple(map(tf.constant, state)),
            cache,
            tf.constant([index, stop, pad_id], tf.int32),
            tf.constant([*stop_ids, *room * [-1]], tf.int32),
            tf.constant([sampling.temperature, sampling.top_p or 1.0], tf.float32),
        )
        kind = sampling.greedy, sampling.top_k, sampling.top_p is None
        return self._graph(kind, partial(self._write_tokens, sampling), values)(*values)

    def _graph(self, kind, function, values):
        """The graph of a function for these shapes, made when it is first asked for."""
        shapes = tuple(tuple(tensor.shape) for tensor in tf.nest.flatten(values))
        graph = self._graphs.get((kind, shapes))
        if graph is None:
            compiled = tf.function(function, autograph=False, jit_compile=self._jit_compile)
            graph = self._graphs[kind, shapes] = compiled.get_concrete_function(*values)
        return graph

    def _read_piece(self, token_ids, cache, index):
        _, cache = self.model.call_with_cache(token_ids, cache, index)
        return cache

    def _write_tokens(self, sampling, state, cache, numbers, stop_ids, levels):
        """One `tf.while_loop`.

        A row's token at column t is given for t < known, and chosen from there on with chances[t].
        The row is finished when it has written a stop id or the token before its end.
        """
        token_ids, chances, known, ends, finished = state
        index, stop, pad_id = tf.unstack(numbers)

        def goes_on(index, token_ids, finished, cache):
            return (index < stop) & ~tf.reduce_all(finished)

        def body(index, token_ids, finished, cache):
            logits, cache = self.model.call_with_cache(token_ids[index][:, None], cache, index)
            after = index + 1
            chosen = choose_token(
                allowed_logits(logits[:, -1], self.forbidden_ids),
                chances[after],
                sampling,
                temperature=levels[0],
                top_p=levels[1],
            )
            given = after < known
            chosen = tf.where(finished, pad_id, chosen)
            chosen = tf.where(given, token_ids[after], chosen)
            stopped = tf.reduce_any(chosen[:, None] == stop_ids, axis=-1)  # (B,)
            finished |= ~given & (stopped | (after + 1 >= ends))
            token_ids = tf.tensor_scatter_nd_update(token_ids, [[after]], chosen[None])
            return after, token_ids, finished, cache

        index, token_ids, finished, cache = tf.while_loop(
            goes_on, body, (index, token_ids, finished, cache)
        )
        return token_ids, finished, index, cache
