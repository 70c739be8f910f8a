"""From prompts in words to how they go on, in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coursekit.generation.refusals import GenerationError
from coursekit.generation.sampling import GREEDY, Sampling
from coursekit.generation.text_generation import TextGenerator
from coursekit.generation.text_stream import TextStream
from coursekit.text.special_tokens import PAD, START, STOP, UNKNOWN

NEVER_WRITTEN = (PAD, START, UNKNOWN)
_TOKENS_AT_ONCE = 16


@dataclass(frozen=True)
class Continuation:
    """How a prompt goes on.

    Args:
        text: without prompt and stop text.
        tokens: int. How many tokens were written for it.
        ended_by: "stop" (a stop token or text) or "length".
    """

    text: str
    tokens: int
    ended_by: str


def continue_texts(
    generator: TextGenerator,
    tokenizer,
    prompts: Sequence[str],
    max_new_tokens: int | None = None,
    sampling: Sampling = GREEDY,
    seed: int = 0,
    stops: Sequence[str] = (),
    overflow: str = "refuse",
    show: Callable[[str], None] | None = None,
) -> list[Continuation]:
    """Continues prompts, until STOP, a stop text, or enough tokens.

    Args:
        generator: a `TextGenerator`.
        tokenizer: of its model.
        prompts: texts.
        max_new_tokens: int; None: as many as the context has room for, or holds if it slides.
        sampling: how tokens are chosen.
        seed: int, of the first prompt; the next has the next seed.
        stops: texts before which a continuation ends.
        overflow: "refuse" or "window", see `TextGenerator`.
        show: is given the first row's text while it is written.

    Raises:
        GenerationError: a prompt is empty or too long, or an argument is none.
        UnknownCharacters: a prompt has characters that the vocabulary lacks.
    """
    rows = tokenizer.encode(list(prompts))
    if not all(rows):
        raise GenerationError('The prompt is empty: a model goes on from a text. Received: ""')
    if not all(stops):
        raise GenerationError('A stop text has at least one character. Received: ""')
    longest = max(map(len, rows))
    if max_new_tokens is None:
        context = generator.context_length
        max_new_tokens = context if overflow == "window" else max(1, context - longest)
    writing = generator.begin(
        rows, max_new_tokens, sampling, seed, stop_ids=(STOP,), pad_id=PAD, overflow=overflow
    )
    streams = [TextStream(tokenizer, stops) for _ in rows]
    written = [0] * len(rows)
    stepwise = bool(stops) or show is not None
    while not writing.done:
        new = writing.more(_TOKENS_AT_ONCE if stepwise else writing.room)
        for row, (stream, token_ids) in enumerate(zip(streams, new, strict=True)):
            written[row] += len(token_ids)
            text = stream.feed(token_ids)
            if row == 0 and show is not None and text:
                show(text)
            if stream.stopped:
                writing.end(row)
    rest = [stream.finish() for stream in streams]
    if show is not None and rest[0]:
        show(rest[0])
    return [
        Continuation(
            stream.text,
            written[row],
            "stop" if stream.stopped or STOP in writing.new_ids(row)[-1:] else "length",
        )
        for row, stream in enumerate(streams)
    ]
