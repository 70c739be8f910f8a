"""A class in parts, and the parts joined: as if it had been graded in one piece."""

import contextlib
import json
import shutil
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from coursekit.cli.main import app
from coursekit.errors import UserError
from coursekit.grading.class_results import RESULTS, TIMES, ClassResults, read_times
from coursekit.grading.class_runs import grade_class as grading
from coursekit.grading.class_runs.grade_class import SECRET, Order, grade_class
from coursekit.grading.class_runs.journal import JOURNAL, Journal
from coursekit.grading.class_runs.seeds import Secret
from coursekit.grading.class_runs.shards import Shard, merge
from coursekit.grading.exports.class_report import FEEDBACK, REPORT
from coursekit.grading.submissions.submission import Submission

from ..conftest import SOLUTION, UNIT
from .conftest import text

PARTS = 3
CLASS = {
    **{f"right{number}": SOLUTION + f"# {number}\n" for number in range(4)},
    "copy": SOLUTION + "# 0\n",
    "mistake": text("return inputs * factor"),
    "wrong": text("return inputs * ops.sin(factor)"),
    "syntax": "x = = 1",
}
STRANGER = "s000"


@pytest.fixture(scope="module", autouse=True)
def one_warm_zygote(zygote):
    """For all runs here: how each starts its own is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grading, "Zygote", lambda _isolation: contextlib.nullcontext(zygote))
        patch.setattr(grading, "_check_isolation", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def graded(tmp_path_factory, toy_course, zygote) -> Path:
    """Folders: submissions, whole, part1 ... part3; all graded under one secret."""
    folder = tmp_path_factory.mktemp("shards")
    Secret.create(folder / "secret")
    for student, source in CLASS.items():
        (folder / "submissions" / student).mkdir(parents=True)
        (folder / "submissions" / student / f"{UNIT}.py").write_text(source)
    level = zygote.isolation().level
    for number in range(PARTS + 1):
        out = folder / (f"part{number}" if number else "whole")
        shard = Shard(number, PARTS) if number else None
        grade_class(_order(folder, out, level, shard), toy_course)
    return folder


@pytest.fixture
def parts(graded, tmp_path) -> list[Path]:
    """Copies, to be spoilt."""
    names = [f"part{number}" for number in range(1, PARTS + 1)]
    return [shutil.copytree(graded / name, tmp_path / name) for name in names]


def _order(folder, out, level, shard=None, resume=False):
    return Order(
        folder / "submissions",
        out,
        [UNIT],
        seed_file=folder / "secret",
        jobs=2,
        resume=resume,
        isolation=level,
        shard=shard,
    )


@pytest.fixture
def refused(tmp_path):
    """What is said to a merge that is refused; it must leave no results."""

    def message(parts):
        result = CliRunner().invoke(
            app, ["merge", *map(str, parts), "--out", str(tmp_path / "out")]
        )
        assert isinstance(result.exception, UserError), result.output
        assert not (tmp_path / "out" / RESULTS).exists()
        words = str(result.exception)
        assert "\n" not in words
        return words

    return message


def _verdicts(folder: Path) -> set[tuple]:
    """All that a journal knows, without how long it took."""
    journal = Journal(folder / JOURNAL)
    try:
        found = set()
        for *work, packed in journal._read("SELECT * FROM verdicts", ()):
            found.add((*work, str({**json.loads(packed), "seconds": 0})))
        for *work, packed, flags in journal._read("SELECT * FROM explanations", ()):
            checks = [{**check, "seconds": 0} for check in json.loads(packed)]
            found.add((*work, str(checks), flags))
        return found
    finally:
        journal.close()


def test_every_student_is_in_one_part_and_no_part_is_the_class(graded):
    found = [ClassResults.read(graded / f"part{n}").students for n in range(1, PARTS + 1)]
    names = [student.student for part in found for student in part]
    assert sorted(names) == sorted(CLASS)
    assert all(0 < len(part) < len(CLASS) for part in found)


def test_joined_parts_are_the_whole(graded, tmp_path):
    whole = graded / "whole"
    out = tmp_path / "out"
    results = merge([graded / f"part{number}" for number in (3, 1, 2)], out)
    assert (out / RESULTS).read_bytes() == (whole / RESULTS).read_bytes()
    assert results == ClassResults.read(whole)
    assert _verdicts(out) == _verdicts(whole)
    for student in CLASS:
        page = f"{FEEDBACK}/{student}.html"
        assert (out / page).read_bytes() == (whole / page).read_bytes()
    assert sorted(time.student for time in read_times(out)) == sorted(
        time.student for time in read_times(whole)
    )
    assert (out / REPORT).is_file()


def test_the_report_of_joined_parts_is_that_of_the_whole(graded, parts, tmp_path):
    """But for the times, which differ from run to run."""
    for folder in parts:
        (folder / TIMES).unlink()
    merge(parts, tmp_path / "out")
    whole = shutil.copytree(graded / "whole", tmp_path / "whole")
    (whole / TIMES).unlink()
    assert CliRunner().invoke(app, ["report", str(whole)]).exit_code == 0
    assert (tmp_path / "out" / REPORT).read_bytes() == (whole / REPORT).read_bytes()


def test_a_run_goes_on_from_joined_parts_and_judges_nothing_again(
    graded, toy_course, zygote, tmp_path
):
    out = tmp_path / "out"
    merge([graded / f"part{number}" for number in range(1, PARTS + 1)], out)
    told = []
    order = _order(graded, out, zygote.isolation().level, resume=True)
    grade_class(order, toy_course, lambda *progress: told.append(progress))
    assert all(done == total for _, done, total in told)
    assert (out / RESULTS).read_bytes() == (graded / "whole" / RESULTS).read_bytes()


def test_the_command_says_how_many_were_joined(graded, tmp_path):
    parts = [str(graded / f"part{number}") for number in range(1, PARTS + 1)]
    said = CliRunner().invoke(app, ["merge", *parts, "--out", str(tmp_path / "out"), "--json"])
    assert said.exit_code == 0
    assert json.loads(said.output)["students"] == len(CLASS)


def test_faults_of_ours_in_a_part_are_told(parts, tmp_path):
    results = ClassResults.read(parts[1])
    results.students[0].units[0].checks[0].verdict = "grader-fault"
    (parts[1] / RESULTS).write_bytes(results.to_json())
    said = CliRunner().invoke(app, ["merge", *map(str, parts), "--out", str(tmp_path / "out")])
    assert said.exit_code == 1
    assert "1 checks could not be judged for reasons of ours" in said.stderr


def test_the_secret_is_not_copied(graded, tmp_path):
    merge([graded / f"part{number}" for number in range(1, PARTS + 1)], tmp_path / "out")
    assert not (tmp_path / "out" / SECRET).exists()


def test_a_part_left_out_is_told(refused, parts):
    assert "2/3" in refused([parts[0], parts[2]])


def test_a_part_given_twice_is_told(refused, parts):
    assert "1/3" in refused([*parts, parts[0]])


def test_an_unfinished_part_is_refused(refused, parts):
    (parts[1] / RESULTS).unlink()
    assert f"{parts[1]} holds no {RESULTS}" in refused(parts)


def test_results_of_before_the_journal_went_on_are_refused(
    graded, refused, parts, toy_course, zygote
):
    """A resumed run that was stopped has judged more than it wrote."""

    def stop(*_progress):
        raise KeyboardInterrupt

    order = _order(graded, parts[1], zygote.isolation().level, Shard(2, PARTS), resume=True)
    with pytest.raises(KeyboardInterrupt):
        grade_class(order, toy_course, stop)
    assert f"{parts[1]} is not finished" in refused(parts)
    grade_class(order, toy_course)
    assert len(merge(parts, parts[0].parent / "out").students) == len(CLASS)


@pytest.mark.parametrize("content", [b"", b"{", b'{"students": 1}', b"\xff\xfe"])
def test_results_that_cannot_be_read_are_refused(refused, parts, content):
    (parts[0] / RESULTS).write_bytes(content)
    assert f"{parts[0] / RESULTS} cannot be read" in refused(parts)


def test_a_folder_that_is_not_there_is_refused(refused, parts, tmp_path):
    assert "nowhere holds no" in refused([*parts, tmp_path / "nowhere"])


def test_a_part_without_its_journal_is_refused(refused, parts):
    (parts[2] / JOURNAL).unlink()
    assert str(parts[2]) in refused(parts)
    assert not (parts[2] / JOURNAL).exists()  # nor is one made there


def test_a_part_under_another_secret_is_refused(refused, parts):
    journal = Journal(parts[2] / JOURNAL)
    journal._write("UPDATE about SET value = 'another' WHERE name = 'secret'", ())
    journal.close()
    words = refused(parts)
    assert str(parts[2]) in words
    assert "another secret" in words


@pytest.mark.parametrize(
    "change", [{"course": "another"}, {"units": []}, {"isolation": "other"}, {"version": 2}]
)
def test_parts_that_were_not_graded_alike_are_refused(refused, parts, change):
    results = ClassResults.read(parts[1])
    if "isolation" in change:
        change = {"isolation": "strict" if results.isolation == "basic" else "basic"}
    (parts[1] / RESULTS).write_bytes(msgspec.structs.replace(results, **change).to_json())
    words = refused(parts)
    assert str(parts[1]) in words
    assert next(iter(change)) in words


def test_a_student_with_two_results_is_refused(refused, parts):
    results = ClassResults.read(parts[1])
    twice = msgspec.structs.replace(ClassResults.read(parts[0]).students[0], points=-1)
    results.students.append(twice)
    (parts[1] / RESULTS).write_bytes(results.to_json())
    assert f"{twice.student} has other results in another part" in refused(parts)


def test_a_folder_of_one_part_is_not_gone_on_with_as_another(graded, parts, toy_course, zygote):
    order = _order(graded, parts[0], zygote.isolation().level, Shard(2, PARTS), resume=True)
    with pytest.raises(UserError, match="was begun for part 1/3 of a class, not for part 2/3"):
        grade_class(order, toy_course)


def test_a_merge_that_was_refused_can_be_called_again(refused, graded, parts, tmp_path):
    (parts[1] / JOURNAL).unlink()
    refused(parts)
    whole = [parts[0], graded / "part2", parts[2]]
    joined = merge(whole, tmp_path / "out")
    assert len(joined.students) == sum(len(ClassResults.read(part).students) for part in whole)


def test_parts_need_one_secret_that_is_there_before_them(graded, toy_course, tmp_path):
    order = _order(graded, tmp_path / "part", "basic", Shard(1, 2))
    for seed_file in (None, tmp_path / "missing"):
        with pytest.raises(UserError, match="--shard needs a --seed-file that exists"):
            grade_class(order._replace(seed_file=seed_file), toy_course)
    assert not (tmp_path / "part").exists()


def test_a_folder_with_a_run_in_it_is_not_written_over(graded, parts):
    before = (graded / "whole" / RESULTS).read_bytes()
    with pytest.raises(UserError, match="holds a run already"):
        merge(parts, graded / "whole")
    assert (graded / "whole" / RESULTS).read_bytes() == before


@pytest.mark.parametrize(
    "words", ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1.0/3", "١/٣", "1/9999999"]
)
def test_what_is_no_part_is_refused(words):
    with pytest.raises(UserError, match="as 2/5"):
        Shard.parse(words)


def test_a_part_is_read():
    assert Shard.parse("2/5") == Shard(2, 5)
    assert Shard.parse("1/1") == Shard(1, 1)


def test_a_student_stays_in_his_part_when_others_join():
    class_ = [Submission(f"student{number}") for number in range(300)]
    before = [{s.student for s in Shard(n, 7).part_of(class_[:100])} for n in range(1, 8)]
    after = [{s.student for s in Shard(n, 7).part_of(class_)} for n in range(1, 8)]
    for few, many in zip(before, after, strict=True):
        assert few == many & {submission.student for submission in class_[:100]}
    sizes = [len(part) for part in after]
    assert sum(sizes) == 300
    assert max(sizes) < 2 * min(sizes)


def test_a_part_may_be_empty(tmp_path, toy_course, zygote):
    """A job array has parts for nobody in a small class; they are written and joined like the others."""
    Secret.create(tmp_path / "secret")
    (tmp_path / "submissions" / STRANGER).mkdir(parents=True)
    (tmp_path / "submissions" / STRANGER / f"{UNIT}.py").write_text("x = = 1")
    level = zygote.isolation().level
    folders = []
    for number in (1, 2):
        folders.append(tmp_path / f"part{number}")
        grade_class(_order(tmp_path, folders[-1], level, Shard(number, 2)), toy_course)
    assert [s.student for s in merge(folders, tmp_path / "out").students] == [STRANGER]
