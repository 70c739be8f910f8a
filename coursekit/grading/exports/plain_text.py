"""Untrusted text made showable: no control characters, no endless lines of it."""

_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_PICTURES[0x7F] = 0x2421
# Marks that turn the direction of text around, and other invisible ones: shown as a replacement character.
_PICTURES.update(
    dict.fromkeys(
        [
            *range(0x80, 0xA0),
            *range(0x202A, 0x202F),
            *range(0x2066, 0x206A),
            0xFEFF,
            0xFFFE,
            0xFFFF,
        ],
        0xFFFD,
    )
)
_PICTURES.update(dict.fromkeys(range(0xD800, 0xE000), 0xFFFD))


def showable(text: str, limit: int = 4000) -> str:
    """The text with its control characters made visible; beyond `limit` characters it says how much is left out."""
    shown = text[:limit].replace("\r\n", "\n").translate(_PICTURES)
    if len(text) > limit:
        shown += f" … ({len(text) - limit:,} more characters)"
    return shown


def one_line(text: str, limit: int = 200) -> str:
    """The same in one line, for names."""
    return " ".join(showable(text, limit).split())
