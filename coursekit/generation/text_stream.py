"""Text out of tokens as they come, without anything that may still change."""

from collections.abc import Iterable, Sequence

_UNFINISHED = "\ufffd"


class TextStream:
    """Turns the tokens of one row into text, piece by piece.

    Held back is what the next token may change: bytes that are half a character, and the beginning of
    what may become a stop text. The text ends before the first stop text.

    Args:
        tokenizer: `decode(rows) -> texts`, where the text of two pieces is that of both together.
        stops: stop texts.

    Example:

    >>> from coursekit.text.tokenizers import ByteTokenizer
    >>> tokenizer = ByteTokenizer()
    >>> stream = TextStream(tokenizer, stops=["END"])
    >>> [stream.feed([token]) for token in tokenizer.ids("aéE!END.")]
    ['a', '', 'é', '', 'E!', '', '', '', '']
    >>> stream.text, stream.stopped
    ('aéE!', True)
    """

    def __init__(self, tokenizer, stops: Iterable[str] = ()):
        self._decode = tokenizer.decode
        self._stops = [stop for stop in stops if stop]
        self._ids: list[int] = []  # whose text is not complete
        self._complete = ""  # text that no further token changes
        self._shown = 0
        self.stopped = False

    @property
    def text(self) -> str:
        """What has been shown."""
        return self._complete[: self._shown]

    def feed(self, token_ids: Sequence[int]) -> str:
        """Takes further tokens, and returns the text that is certain by now."""
        if self.stopped:
            return ""
        self._ids += token_ids
        text = self._text_of_ids()
        if text.endswith(_UNFINISHED):
            return self._show(self._complete + text[:-1])
        self._complete += text
        self._ids = []
        return self._show(self._complete)

    def finish(self) -> str:
        """Returns what was held back: no further token comes."""
        if self.stopped:
            return ""
        self._complete += self._text_of_ids()
        self._ids = []
        return self._show(self._complete, last=True)

    def _text_of_ids(self) -> str:
        return self._decode([self._ids])[0] if self._ids else ""

    def _show(self, text: str, last: bool = False) -> str:
        first = self._shown
        places = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if places:
            self.stopped = True
            self._complete, self._shown = text, min(places)
        elif last:
            self._shown = len(text)
        else:
            self._shown = max(first, len(text) - self._held(text))
        return text[first : self._shown]

    def _held(self, text: str) -> int:
        """How many characters at the end of a text may begin a stop text."""
        lengths = (
            length
            for stop in self._stops
            for length in range(1, len(stop))
            if text.endswith(stop[:length])
        )
        return max(lengths, default=0)
