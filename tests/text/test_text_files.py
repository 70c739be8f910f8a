"""Plain texts: read whole, or refused with one line; and the text that is always there."""

import gzip

import pytest

from coursekit.text.python_topics import python_topics_text
from coursekit.text.text_files import read_text
from coursekit.text.unpacked_file import TextFileError


def test_text_is_read_composed_and_with_newlines(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeffe\u0301te\u0301\r\nun\rdeux\n".encode())
    assert read_text(path) == "été\nun\ndeux\n"
    packed = tmp_path / "text.txt.gz"
    packed.write_bytes(gzip.compress(b"un deux"))
    assert read_text(packed) == "un deux"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        ("directory", "is a directory: name the text file inside it"),
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (bytes(range(256)) * 20, "is a binary file"),
        ("été".encode("latin-1") + b"\n", "looks like ISO-8859-1"),
        ("a b c d".encode("utf-16"), "UTF-16"),
        (b"fine\n" * 3 + b"\xff bad", "line 4 cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, content, said):
    path = tmp_path / "text.txt"
    if content == "directory":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(TextFileError) as refused:
        read_text(path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_too_large_is_refused(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a" * 5000)
    with pytest.raises(TextFileError, match="unpacks to more"):
        read_text(path, max_bytes=4000)


def test_python_has_a_text():
    text = python_topics_text()
    assert text.isascii()
    assert len(text) > 200_000
    assert "===" not in text.replace("'==='", "")
    assert "\n\n\n" not in text
    assert text == python_topics_text()
