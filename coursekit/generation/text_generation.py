"""Text, token by token, from a language model."""

import numpy as np

from coursekit.generation.decoding_loop import DecodingLoop
from coursekit.generation.refusals import GenerationError
from coursekit.generation.sampling import GREEDY, chances_of
from coursekit.generation.uncached_model import UncachedModel, has_cache
from coursekit.generation.writing import Writing

_SHORTEST_CACHE = 64


class TextGenerator:
    """Continues prompts with a language model.

    Prompts of different lengths may stand in one batch: each row goes on directly after its own
    last token, and is written as if it stood alone. The functions are compiled once for a batch size, a
    length of the cache (powers of two, up to the context) and a kind of sampling; prompts, seeds,
    temperatures and stop ids are free.

    A row that has written a stop id emits `pad_id` from then on; when all rows have finished, the
    loop ends.

    A text that does not fit into the context is refused, or written through a window: whenever the
    context is full, the older half of it is forgotten, and the newer half is read again as the
    beginning of a context. So at position i (from zero) of a text, with a context of S tokens, the
    model reads those from `window_start(i, S)` to i, whatever else stands in the batch.

    Args:
        model: from ids (B, T) to logits (B, T, V), causal.
        context_length: int. The most tokens the model reads; None: `model.sequence_length`.
        forbidden_ids: ids that are never written.
        use_cache: bool. Whether to keep keys and values instead of reading the text again for each
            token; None: if the model can.

    Example:

    >>> from coursekit.models import DecoderTransformer
    >>> model = DecoderTransformer(20, 16, num_layers=1, num_heads=2, hidden_dim=8)
    >>> TextGenerator(model).generate([[5, 6, 7], [8]], max_new_tokens=4).shape
    (2, 7)
    """

    def __init__(self, model, context_length=None, forbidden_ids=(), use_cache=None):
        if not model.built:
            model(np.zeros((1, 1), np.int32))
        self.model = model
        self.context_length = context_length or model.sequence_length
        self.use_cache = has_cache(model) if use_cache is None else use_cache
        self._loop = DecodingLoop(
            model if self.use_cache else UncachedModel(model),
            forbidden_ids,
            # Whether XLA takes a student's layers nobody knows.
            jit_compile=self.use_cache,
        )

    @property
    def traces(self) -> int:
        """How many graphs have been made so far."""
        return self._loop.traces

    def generate(
        self,
        prompts,
        max_new_tokens,
        sampling=GREEDY,
        seed=0,
        stop_ids=(),
        pad_id=0,
        overflow="refuse",
    ):
        """Returns the prompts and how they go on, padded at the end.

        Args:
            prompts: rows of ids, at least one id in each.
            max_new_tokens: int. The most tokens that are written in a row, a stop id included.
            sampling: a `Sampling`.
            seed: int, 0 or more. Row r draws with `seed + r`, so that it is what a batch of this
                row alone gives with that seed; or a sequence of seeds, one for each row.
            stop_ids: ids that finish a row.
            pad_id: int.
            overflow: "refuse" or "window": what happens to texts longer than the context.

        Returns:
            NumPy int32 (B, longest prompt + max_new_tokens).

        Raises:
            GenerationError: with these arguments no text can be written.
        """
        writing = self.begin(prompts, max_new_tokens, sampling, seed, stop_ids, pad_id, overflow)
        while not writing.done:
            writing.more(writing.room)
        return writing.token_ids

    def begin(
        self,
        prompts,
        max_new_tokens,
        sampling=GREEDY,
        seed=0,
        stop_ids=(),
        pad_id=0,
        overflow="refuse",
    ):
        """Returns a `Writing`, which writes as many tokens at once as it is asked for."""
        rows = [np.asarray(prompt, np.int32).reshape(-1) for prompt in prompts]
        self._check(rows, max_new_tokens, stop_ids, overflow)
        lengths = [len(row) for row in rows]
        total = max(lengths) + max_new_tokens
        single = isinstance(seed, int | np.integer)
        seeds = [seed + r for r in range(len(rows))] if single else list(seed)
        if len(seeds) != len(rows):
            raise GenerationError(
                f"There is a seed for each row. Received: {len(seeds)} for {len(rows)} rows"
            )
        return Writing(
            self._loop,
            rows,
            [chances_of(s, max_new_tokens) for s in seeds],
            max_new_tokens,
            sampling,
            tuple(stop_ids),
            pad_id,
            self.context_length,
            _cache_length(total, self.context_length),
        )

    def _check(self, rows, max_new_tokens, stop_ids, overflow):
        vocabulary_size = getattr(self.model, "vocabulary_size", None)
        longest = max(map(len, rows), default=0)
        if not rows or not min(map(len, rows)):
            raise GenerationError(
                "The prompt is empty: a model goes on from at least one token. Received: 0 tokens"
            )
        if max_new_tokens < 0:
            raise GenerationError(
                f"The number of new tokens is 0 or more. Received: max_new_tokens={max_new_tokens}"
            )
        if vocabulary_size is not None:
            for what, ids in (("token", np.concatenate(rows)), ("stop", stop_ids)):
                outside = [int(i) for i in ids if not 0 <= i < vocabulary_size]
                if outside:
                    raise GenerationError(
                        f"A {what} id is from 0 to {vocabulary_size - 1}, as the vocabulary is. "
                        f"Received: {outside[0]}"
                    )
        if overflow not in ("refuse", "window"):
            raise GenerationError(
                f'`overflow` is "refuse" or "window". Received: overflow={overflow!r}'
            )
        if overflow == "window":
            return
        context, window = self.context_length, 'let it slide (overflow="window", --window)'
        if longest > context or (longest == context and max_new_tokens):
            fills = "is longer than" if longest > context else "fills"
            raise GenerationError(
                f"The prompt {fills} the context of {context} tokens: shorten it, or {window}. "
                f"Received: {longest} tokens"
            )
        if longest + max_new_tokens > context:
            raise GenerationError(
                f"The context holds {context} tokens, prompt and text together: ask for at most "
                f"{context - longest} new ones, or {window}. Received: {longest} tokens of prompt, "
                f"{max_new_tokens} new ones"
            )


def _cache_length(total, context_length):
    """The next power of two, so that texts of many lengths share one compiled function."""
    return min(context_length, max(_SHORTEST_CACHE, 1 << (total - 1).bit_length()))
