"""Class report and feedback pages: what they say, that submissions add no markup, that anybody can read them."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html

from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults
from coursekit.grading.exports import class_report
from coursekit.grading.exports.class_figures import ClassFigures
from coursekit.grading.exports.class_report import level, write_report
from coursekit.grading.exports.pages import TEMPLATES
from coursekit.grading.verdicts import UnitResult
from tests.grading.exports.sample_class import (
    ALL_UNITS,
    HOSTILE_NAMES,
    SCRIPT,
    check,
    sample_class,
    sample_times,
    student,
)

LARGEST = 2_000_000


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[ClassResults, Path]:
    folder = tmp_path_factory.mktemp("results")
    results = sample_class()
    write_report(results, sample_times(results), folder)
    return results, folder


def page(path: Path):
    return html.document_fromstring(path.read_bytes(), parser=html.HTMLParser(encoding="utf-8"))


def test_everything_is_written_and_each_student_has_a_page(written):
    results, folder = written
    pages = sorted(path.name for path in folder.rglob("*.html"))
    assert pages == sorted(["report.html", *(f"{s.student}.html" for s in results.students)])
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]


def test_the_heat_map_holds_each_point(written):
    results, folder = written
    table = page(folder / "report.html").xpath("//table[contains(@class,'heat')]")[0]
    rows = table.xpath("./tbody/tr")
    assert len(rows) == len(results.students)
    for row, one in zip(rows, results.students, strict=True):
        found = [int(cell.get("data-key")) for cell in row.xpath("./td")]
        assert found == [one.points, *(u.points for u in one.units)]
        for cell, points in zip(row.xpath("./td"), found, strict=True):
            sign = cell.xpath("./i")[0]
            assert sign.get("aria-hidden") == "true"
            assert (
                cell.text_content() == f"{sign.text}{points}"
            )  # a sign and a number, not colour alone


def test_a_flag_is_seen_beside_the_name(written):
    results, folder = written
    rows = page(folder / "report.html").xpath("//table[contains(@class,'heat')]/tbody/tr/th")
    flagged = [bool(head.xpath(".//span[@title='flagged']")) for head in rows]
    assert flagged == [bool(one.flags) for one in results.students] and any(flagged)


def test_each_sign_stands_for_one_level():
    assert [level(p, 10) for p in (0, 1, 4, 5, 7, 8, 9, 10)] == [
        *("l0", "l1", "l1", "l2", "l2", "l3", "l3", "l4")
    ]
    assert level(0, 0) == "l0"


def test_figures_are_counted_by_student():
    draw_check = [
        check("test_step", "failed", 2, "The bias is not added. (it is off)", "no_bias"),
        check("test_padding", "failed", 8, "The bias is not added. (shape)", "no_bias"),
    ]
    wrong = UnitResult("ex99_unknown", 0, 10, draw_check)
    right = UnitResult(
        "ex99_unknown",
        10,
        10,
        [check("test_step", "passed", 2), check("test_padding", "passed", 8)],
    )
    results = ClassResults(
        [student(1, [wrong]), student(2, [right]), student(3, [wrong])],
        ["ex99_unknown"],
        "c",
        "strict",
    )
    figures = ClassFigures.of(results, [])
    (mistake,) = figures.mistakes
    assert (mistake.count, mistake.share, mistake.students) == (
        2,
        0.6667,
        ["student001", "student003"],
    )
    assert mistake.sentence == "The bias is not added."
    assert [(r.passed, r.judged) for r in figures.checks] == [(1, 3), (1, 3)]
    assert [one.student for one in figures.help_first] == ["student001", "student003"]
    assert figures.help_first[0].check == "test_step"
    assert figures.points.spread == [2, *[0] * 9, 1]
    assert (figures.points.median, figures.points.mean, figures.points.full) == (0.0, 3.33, 1)
    assert figures.verdicts["failed"] == 4
    assert figures.slowest == []


def test_an_error_is_not_passed_and_half_is_not_below_half():
    half = UnitResult(
        "ex99", 5, 10, [check("test_a", "passed", 5), check("test_b", "error", 5, "raised")]
    )
    results = ClassResults([student(1, [half])], ["ex99"], "c", "strict")
    figures = ClassFigures.of(results, [])
    assert figures.help_first == []
    assert [(r.passed, r.judged) for r in figures.checks] == [(1, 1), (0, 1)]


def test_a_students_page_holds_nothing_of_the_others(written):
    results, folder = written
    for one in results.students:
        text = (folder / "feedback" / f"{one.student}.html").read_text("utf-8")
        for other in results.students:
            if other is not one:
                assert other.student not in text
                assert not other.name.startswith("Student No") or f"{other.name}<" not in text
        assert "report.html" not in text


def test_a_students_page_says_what_to_fix_first(written):
    results, folder = written
    whole = page(folder / "feedback" / "student000.html").text_content()
    assert "All points" in whole and "Fix this first" not in whole
    nothing = page(folder / "feedback" / "student001.html").text_content()
    assert "ex01_recurrence.py is missing from the hand-in." in nothing
    assert "coursekit hint ex01_recurrence" in nothing
    one = results.students[12]
    text = page(folder / "feedback" / f"{one.student}.html").text_content()
    for unit in one.units:
        assert unit.unit in text
        for result in unit.checks:
            assert result.title in text
            assert result.mistake is None or result.mistake in text


class _Tags(HTMLParser):
    """Every tag and attribute there is."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_no_text_of_a_submission_becomes_markup(written):
    _, folder = written
    for path in folder.rglob("*.html"):
        text = path.read_text("utf-8")
        assert SCRIPT not in text
        parser = _Tags()
        parser.feed(text)
        scripts = [tag for tag, _ in parser.tags if tag == "script"]
        assert len(scripts) == (1 if path.name == "report.html" else 0)
        assert not [
            tag for tag, _ in parser.tags if tag in ("img", "b", "iframe", "object", "base", "form")
        ]
        for _, attributes in parser.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            for name in ("href", "src"):
                assert re.fullmatch(
                    r"#[\w-]+|feedback/student\d{3}\.html", attributes.get(name) or "#x"
                )
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)


def test_names_are_still_legible(written):
    _, folder = written
    text = page(folder / "report.html").text_content()
    for name in HOSTILE_NAMES[:6]:
        assert name.strip() in text
    assert "{{ 7 * 7 }}" in text


def test_pages_fetch_nothing_and_say_so(written):
    _, folder = written
    for path in folder.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "http:" not in text.replace("http://example.invalid", "") and "https:" not in text
        assert "url(" not in text and "@import" not in text
        policy = page(path).xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
        assert "default-src 'none'" in policy and "unsafe" not in policy


def test_two_students_of_one_name_are_told_apart(tmp_path):
    results = sample_class(3, hostile=False)
    for one in results.students:
        one.name = "Ada Byron"
    write_report(results, [], tmp_path)
    assert "Ada Byron (student002)" in (tmp_path / "report.html").read_text("utf-8")


def test_a_large_class_stays_below_two_megabytes(tmp_path):
    results = sample_class(300, ALL_UNITS)
    path = write_report(results, sample_times(results), tmp_path)
    assert path.stat().st_size < LARGEST
    assert len(page(path).xpath("//table[contains(@class,'heat')]/tbody/tr")) == 300


def test_the_tables_of_a_huge_class_end_somewhere_and_say_so(tmp_path, monkeypatch, written):
    note = "each table shows its first"
    assert note not in (written[1] / "report.html").read_text()
    monkeypatch.setattr(class_report, "MOST_ROWS", 5)
    results = sample_class(40)
    write_report(results, sample_times(results), tmp_path)
    text = (tmp_path / "report.html").read_text()
    assert f"{note} 5 rows" in text
    sections = page(tmp_path / "report.html")
    for section in ("map", "help"):
        [table] = sections.xpath(f"//section[@id='{section}']//tbody")
        assert len(table) == 5
    assert len(list((tmp_path / "feedback").iterdir())) == 40


@pytest.mark.parametrize("size", [0, 1])
def test_the_smallest_classes_have_a_report(tmp_path, size):
    results = sample_class(size)
    path = write_report(results, [], tmp_path)
    assert "No times were kept" in path.read_text("utf-8")


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a\\b", "x" * 300, "a\n"])
def test_an_unsafe_short_name_writes_nothing(tmp_path, name):
    results = sample_class(2)
    results.students[1].student = name
    folder = tmp_path / "results"
    with pytest.raises(UserError, match="no safe file name"):
        write_report(results, [], folder)
    assert list(tmp_path.rglob("*")) == []


def test_the_report_is_the_same_twice(tmp_path):
    results = sample_class()
    one, two = (
        write_report(results, sample_times(results), tmp_path / name).read_bytes() for name in "ab"
    )
    assert one == two


# What makes a page readable for everybody.


def test_structure_for_those_who_do_not_see_the_page(written):
    _, folder = written
    for path in (folder / "report.html", folder / "feedback" / "student005.html"):
        tree = page(path)
        assert tree.get("lang") == "en"
        assert tree.xpath("//title")[0].text.strip()
        assert [len(tree.xpath(f"//{tag}")) for tag in ("header", "main", "footer", "h1")] == [
            1
        ] * 4
        assert tree.xpath("//a[@class='skip']/@href") == ["#main"]
        assert tree.xpath("//main/@id") == ["main"]
        assert all(head.get("scope") in ("col", "row") for head in tree.xpath("//th"))
        assert all(table.xpath("./thead//th") for table in tree.xpath("//table"))
        for region in tree.xpath("//*[@role='region']"):
            assert region.get("aria-label") and region.get("tabindex") == "0"
        assert not [t for t in tree.xpath("//table") if not t.xpath("ancestor::*[@role='region']")]
        levels = [int(h.tag[1]) for h in tree.xpath("//h1|//h2|//h3")]
        assert all(b - a <= 1 for a, b in pairwise(levels))
        ids = tree.xpath("//@id")
        assert len(ids) == len(set(ids))
        for reference in tree.xpath("//@aria-labelledby"):
            assert all(one in ids for one in reference.split())
        assert all(link[1:] in ids for link in tree.xpath("//a/@href") if link.startswith("#"))
    chart = page(folder / "report.html").xpath("//svg[@role='img']")[0]
    assert chart.xpath("./title")[0].text and "at 100 %" in chart.xpath("./desc")[0].text


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_defined():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_pair_of_colours_has_enough_contrast():
    css = (TEMPLATES / "page.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\n\s*\}", css, re.S)[:2]
    assert len(blocks) == 2
    names = []
    for block in blocks:
        tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        papers = {name.removesuffix("-paper") for name in tokens if name.endswith("-paper")}
        assert papers == {name.removesuffix("-ink") for name in tokens if name.endswith("-ink")}
        for name in papers:
            assert contrast(tokens[f"{name}-ink"], tokens[f"{name}-paper"]) >= 4.5, name
        page_paper = tokens["page-paper"]
        assert (
            contrast(tokens["bar"], page_paper) >= 3 and contrast(tokens["focus"], page_paper) >= 3
        )
        names.append(papers)
    assert names[0] == names[1]
    assert not re.findall(r"#[0-9a-f]{3,6}\b", css.split("* { box-sizing")[1])  # tokens only
