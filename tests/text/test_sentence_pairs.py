"""Reading files of sentence pairs: what works, what is skipped and reported, what is refused."""

import gzip
import os
import zipfile

import pytest

from coursekit.errors import UserError
from coursekit.text.sentence_pairs import (
    SentencePair,
    TextFileError,
    keep_short,
    read_sentence_pairs,
    word_count,
)

TEXT = "Go.\tVa !\nI'm late.\tJe suis en retard.\n"
PAIRS = [("Go.", "Va !"), ("I'm late.", "Je suis en retard.")]


def write(path, content):
    data = content if isinstance(content, bytes) else content.encode()
    if path.suffix == ".gz":
        data = gzip.compress(data)
    path.write_bytes(data)
    return path


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("name", ["pairs.txt", "pairs.tsv", "pairs.txt.gz"])
def test_plain_and_gzip(tmp_path, name):
    found = read_sentence_pairs(write(tmp_path / name, TEXT))
    assert found.pairs == PAIRS
    assert isinstance(found.pairs[0], SentencePair) and found.pairs[0].target == "Va !"
    assert len(found.bad_lines) == 0 and str(found.bad_lines) == "no line skipped"


def test_zip_with_about_file(tmp_path):
    members = {"fra.txt": TEXT, "_about.txt": "terms", "__MACOSX/._fra.txt": "x"}
    assert read_sentence_pairs(zipped(tmp_path / "fra-eng.zip", members)).pairs == PAIRS


def test_gzip_is_known_by_its_content(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert read_sentence_pairs(path).pairs == PAIRS


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        TEXT.rstrip("\n"),
        "\n" + TEXT + "\n\n",
        "Go.\tVa !\tCC-BY #1\nI'm late.\tJe suis en retard.\tCC-BY #2\n",
        " Go. \t Va ! \nI'm late.\tJe suis en retard.\n",
    ],
    ids=["crlf", "bom", "no last newline", "blank lines", "attribution", "spaces"],
)
def test_variants_of_the_format(tmp_path, content):
    found = read_sentence_pairs(write(tmp_path / "pairs.txt", content))
    assert found.pairs == PAIRS and not found.bad_lines.count


def test_text_is_composed(tmp_path):
    found = read_sentence_pairs(write(tmp_path / "pairs.txt", "I\te\u0301te\u0301\n"))
    assert found.pairs[0].target == "été"


def test_bad_lines_are_counted_with_their_numbers(tmp_path):
    good = [f"This is sentence {i}.\tC'est la phrase {i} déjà." for i in range(60)]
    lines = [line.encode() for line in good]
    lines[1:1] = [b"no tab", b"\tempty source", b"empty target\t ", b"a\tb\tc\td", b"caf\xe9\tx"]
    lines += [b"nul\tn\0l", b"no tab either"]
    found = read_sentence_pairs(write(tmp_path / "pairs.txt", b"\n".join(lines)))
    assert len(found.pairs) == 60
    assert found.bad_lines.count == 7
    assert found.bad_lines.first == [
        (2, "1 column instead of 2 or 3"),
        (3, "the source is empty"),
        (4, "the target is empty"),
        (5, "4 columns instead of 2 or 3"),
        (6, "not valid UTF-8"),
    ]
    assert str(found.bad_lines).startswith("7 lines skipped (line 2: 1 column instead of 2 or 3; ")


ACCENTS = "I slept.\tJ'ai dormi là.\nSummer.\tL'été.\nGo.\tVa !\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "is empty"),
        ("blank.txt", b"\n \n", "is empty"),
        ("empty.txt.gz", gzip.compress(b""), "is empty"),
        ("one.txt", b"hello\nworld\n", "one column in all its 2 lines"),
        ("four.txt", b"a\tb\tc\td\n", "no sentence pair: 1 line skipped (line 1: 4 columns"),
        ("latin.txt", ACCENTS.encode("latin-1"), "looks like ISO-8859-1 (Latin-1). Convert it"),
        ("cp.txt", (ACCENTS + "I\tl’œuf\n").encode("cp1252"), "looks like WINDOWS-1252"),
        ("utf16.txt", ACCENTS.encode("utf-16"), "looks like UTF-16"),
        ("utf16be.txt", ACCENTS.encode("utf-16-be"), "looks like UTF-16"),
        ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "is a binary file"),
        ("not.gz", b"Go.\tVa !\n", "is damaged or not a .gz file"),
        ("cut.txt.gz", gzip.compress(TEXT.encode() * 99)[:-20], "is damaged or not a .gz file"),
        ("not.zip", b"Go.\tVa !\n", "is damaged or not a .zip file"),
    ],
)
def test_refused_with_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TextFileError) as caught:
        read_sentence_pairs(path)
    text = str(caught.value)
    assert message in text and str(path) in text and "\n" not in text


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(TextFileError, match="does not exist"):
        read_sentence_pairs(tmp_path / "nothing.txt")
    with pytest.raises(TextFileError, match="is a directory: name the file"):
        read_sentence_pairs(tmp_path)


def test_error_is_a_user_error_and_a_value_error(tmp_path):
    with pytest.raises(UserError):
        read_sentence_pairs(tmp_path)
    with pytest.raises(ValueError, match="directory"):
        read_sentence_pairs(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TextFileError, match="not a regular file"):
        read_sentence_pairs(tmp_path / "pipe")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_unreadable_file(tmp_path):
    path = write(tmp_path / "secret.txt", TEXT)
    path.chmod(0)
    with pytest.raises(TextFileError, match="permission denied"):
        read_sentence_pairs(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a.txt": TEXT, "b.txt": TEXT}, "received 2 (a.txt, b.txt)"),
        ({"_about.txt": "terms"}, "received 0 (none)"),
    ],
)
def test_zip_needs_one_text(tmp_path, members, message):
    with pytest.raises(TextFileError) as caught:
        read_sentence_pairs(zipped(tmp_path / "x.zip", members))
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["bomb.txt.gz", "bomb.zip", "big.txt"])
def test_unpacking_is_limited(tmp_path, name):
    content = TEXT * 20_000
    path = tmp_path / name
    if path.suffix == ".zip":
        zipped(path, {"bomb.txt": content})
    else:
        write(path, content)
    with pytest.raises(TextFileError, match="unpacks to more than"):
        read_sentence_pairs(path, max_bytes=100_000)
    assert len(read_sentence_pairs(path).pairs) == 40_000


def test_a_zip_that_lies_about_its_size_is_stopped(tmp_path):
    path = zipped(tmp_path / "liar.zip", {"bomb.txt": TEXT * 20_000})
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(TextFileError):
        read_sentence_pairs(path, max_bytes=100_000)


def test_endless_line_is_refused(tmp_path):
    with pytest.raises(TextFileError, match="a line of more than 1 MiB"):
        read_sentence_pairs(write(tmp_path / "line.txt", "a b " * 600_000))


def test_words_are_counted_without_marks():
    assert [word_count(text) for text in ("Go.", "Où vas-tu ?", "« Oui »", "")] == [1, 2, 1, 0]
    pairs = [SentencePair("a b c", "d"), SentencePair("a", "b c d"), SentencePair("a b", "c d !")]
    assert keep_short(pairs, 2) == pairs[2:]


def test_real_file(fra_eng_file):
    pairs, bad_lines = fra_eng_file
    assert len(pairs) == 167_130 and bad_lines.count == 0
    assert pairs[:2] == [("Go.", "Va !"), ("Hi.", "Salut !")]
    assert pairs[-1].source.startswith("It may be impossible to get a completely error-free corpus")
