"""A text while it is being written: which part of it the model sees, and what is new."""

import numpy as np

from coursekit.generation.decoding_loop import PIECE


def window_start(position, context_length):
    """Returns where the context of the token at `position` begins.

    >>> [window_start(i, 4) for i in range(9)]
    [0, 0, 0, 0, 2, 2, 4, 4, 6]
    """
    forgotten = context_length - context_length // 2
    too_many = position - context_length + 1
    return max(0, -(-too_many // forgotten)) * forgotten


class Writing:
    """Prompts and what has been written of their continuations.

    All rows stand at the same place: the loop begins at the end of the shortest prompt, and a longer
    one keeps its own tokens until it ends. Columns of `token_ids` are positions of the text; the
    cache begins at the window's start.

    Args:
        loop: a `DecodingLoop`.
        prompts: arrays of ids.
        chances: for each row the numbers with which it draws its tokens.
        max_new_tokens: int.
        sampling: a `Sampling`.
        stop_ids: ids that finish a row.
        pad_id: int.
        context_length: int.
        cache_length: int. At most the context, and enough for the text unless that is longer.
    """

    def __init__(
        self,
        loop,
        prompts,
        chances,
        max_new_tokens,
        sampling,
        stop_ids,
        pad_id,
        context_length,
        cache_length,
    ):
        self._loop, self._sampling = loop, sampling
        self._stop_ids, self._pad_id = stop_ids, pad_id
        self._context_length, self._cache_length = context_length, cache_length
        self.lengths = np.array([len(prompt) for prompt in prompts])
        self.ends = self.lengths + max_new_tokens
        self.token_ids = np.full((len(prompts), self.ends.max()), pad_id, np.int32)
        self._chances = np.zeros(self.token_ids.shape, np.float32)
        for row, prompt in enumerate(prompts):
            start, end = self.lengths[row], self.ends[row]
            self.token_ids[row, :start] = prompt
            self._chances[row, start:end] = chances[row]
        self.finished = self.lengths == self.ends
        self._shown = self.lengths.copy()
        self.position = int(self.lengths.min()) - 1  # of the next token to read
        self._start, self._cache = -1, None

    @property
    def room(self) -> int:
        """How many tokens are left to read."""
        return int(self.ends.max()) - 1 - self.position

    @property
    def done(self) -> bool:
        return bool(self.finished.all()) or self.room <= 0

    def end(self, row: int) -> None:
        """Ends a row at what it has written."""
        self.ends[row] = min(self.ends[row], self.position + 1)
        self.finished[row] = True

    def new_ids(self, row: int) -> list[int]:
        """Returns all that has been written in a row."""
        return self.token_ids[row, self.lengths[row] : self._shown[row]].tolist()

    def more(self, max_tokens: int) -> list[list[int]]:
        """Goes on by at most `max_tokens` tokens; returns what is new of each row."""
        stop = self.position + min(max_tokens, self.room)
        while self.position < stop and not self.finished.all():
            self._go_on(stop)
        return [self._new_of(row) for row in range(len(self.lengths))]

    def _go_on(self, stop):
        """Writes up to `stop`, or up to where the window has to move."""
        start = window_start(self.position, self._context_length)
        index = self.position - start
        if start != self._start:
            index = self._read_from(start)
        columns = slice(start, start + self._cache_length + 1)
        known = np.maximum(self.lengths, self.position + 1)
        state = (
            self._in_time(self.token_ids[:, columns]),
            self._in_time(self._chances[:, columns]),
            (known - start).astype(np.int32),
            (self.ends - start).astype(np.int32),
            self.finished,
        )
        stop = min(stop - start, self._cache_length)
        token_ids, finished, index, self._cache = self._loop.write(
            state, self._cache, index, stop, self._stop_ids, self._pad_id, self._sampling
        )
        written = self.token_ids[:, columns]
        written[...] = token_ids.numpy().T[:, : written.shape[1]]
        self.finished = np.array(finished)
        self.position = start + int(index)

    def _read_from(self, start):
        """Fills a new cache with whole pieces of the text; returns where the rest begins."""
        self._start = start
        self._cache = self._loop.model.initial_cache(len(self.lengths), self._cache_length)
        index = 0
        while start + index + PIECE <= self.position:
            piece = self.token_ids[:, start + index : start + index + PIECE]
            self._cache = self._loop.read(piece, self._cache, index)
            index += PIECE
        return index

    def _in_time(self, values):
        """(B, columns) as (S + 1, B): the loop takes one row at a time."""
        room = self._cache_length + 1 - values.shape[1]
        return np.pad(values, [(0, 0), (0, room)]).T.copy()

    def _new_of(self, row):
        first = self._shown[row]
        new = self.token_ids[row, first : min(self.position + 1, self.ends[row])].tolist()
        for place, token in enumerate(new):
            if token in self._stop_ids:
                new = new[: place + 1]
                self.ends[row] = first + place + 1
                break
        self._shown[row] = max(first, first + len(new))
        return new
