"""Bulk downloads of Canvas, Moodle and Gradescope, as they name their files."""

import time

import pytest

from coursekit.grading.submissions.gradescope import seconds
from coursekit.grading.submissions.reading import read_class, read_submissions
from tests.grading.submissions.conftest import CODE, notebook, pack


def by_student(path):
    return {each.student: each for each in read_submissions(path)}


CANVAS = {
    "lovelaceada_11_901_ex02_lstm.py": CODE,
    "lovelaceada_11_902_ex03_gru-1.py": "g = 3\n",
    "byrongeorge2nd_LATE_12_903_ex02_lstm-2.py": "late = True\n",
    "8ball_13_904_homework.zip": pack({"hw/ex02_lstm.py": "ball = 8\n"}),
    "o_neilltip_14_905_2023_ex02_lstm.ipynb": notebook("# coursekit: ex02_lstm\ntip = 1"),
    "李雷_15_906_ex02_lstm.py": "lei = 1\n",
    "writer_LATE_16_text.html": "<p>see my repository</p>",
    "linker_17_link.html": "<a>",
}


@pytest.mark.parametrize("packed", [True, False])
def test_canvas(packed, tree, zipped):
    found = by_student(zipped(CANVAS, "submissions.zip") if packed else tree(CANVAS))
    assert list(found) == ["11", "12", "13", "14", "15", "16", "17"]
    assert all(each.lms == "canvas" and each.lms_id == each.student for each in found.values())
    assert found["11"].files == {"ex02_lstm": CODE, "ex03_gru": "g = 3\n"}
    assert (found["11"].name, found["12"].name) == ("lovelaceada", "byrongeorge2nd")
    assert [name for name, each in found.items() if each.late] == ["12", "16"]
    assert found["13"].files == {"ex02_lstm": "ball = 8\n"} and found["13"].name == "8ball"
    assert "tip = 1" in found["14"].files["ex02_lstm"] and found["14"].name == "o_neilltip"
    assert found["15"].name == "李雷"
    assert "writer_LATE_16_text.html is no file" in found["16"].notes[0]
    assert not found["16"].files and not found["17"].files


def test_canvas_without_names(tree):
    found = by_student(
        tree(
            {
                "anon_aB3xY_5_ex02_lstm.py": CODE,
                "LATE_anon_Zz9_6_ex02_lstm.py": CODE,
                "anon_Q1q_text.html": "",
            }
        )
    )
    assert {name: (each.lms_id, each.name, each.late) for name, each in found.items()} == {
        "aB3xY": ("aB3xY", "", False),
        "Zz9": ("Zz9", "", True),
        "Q1q": ("Q1q", "", False),
    }


def test_canvas_keeps_the_latest_of_several_downloads(tree):
    unnumbered = "ex02_lstm-0a1b2c3d-1111-2222-3333-444455556666.py"
    (one,) = read_submissions(
        tree(
            {
                "a_1_30_ex02_lstm-1.py": "second\n",
                "a_LATE_1_20_ex02_lstm.py": "first\n",
                f"a_1_40_{unnumbered}": "last\n",
                "a_1_40_work.zip": pack({"ex03_gru.py": "old\n"}),
                "a_1_50_work-1.zip": pack({"ex03_gru.py": "new\n"}),
            }
        )
    )
    assert one.files == {"ex02_lstm": "last\n", "ex03_gru": "new\n"}
    assert one.notes == [
        f"ex02_lstm-1.py is set aside for the later {unnumbered}.",
        f"ex02_lstm.py is set aside for the later {unnumbered}.",
        "work.zip/ex03_gru.py is set aside for the later work-1.zip/ex03_gru.py.",
    ]


MOODLE = {
    "Ada Lovelace_1201_assignsubmission_file_/ex02_lstm.py": CODE,
    "Ada Lovelace_1201_assignsubmission_onlinetext_/onlinetext.html": "<p>hello</p>",
    "Ada Lovelace_1202_assignsubmission_file/hw/ex02_lstm.py": "other\n",
    "George_Byron_1203_assignsubmission_file_/work.zip": pack({"ex02_lstm.py": "george\n"}),
    "Participant_1204_assignsubmission_file_/ex02_lstm.py": "blind\n",
    "Mary S_1205_assignsubmission_onlinetext_/onlinetext.html": "<p>only text</p>",
    "Default group_assignsubmission_file_/ex02_lstm.py": "team\n",
}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("flat", [True, False])
def test_moodle(packed, flat, tree, zipped):
    files = MOODLE
    if flat:
        files = {
            name.replace("_/", "/").replace("/hw/", "/").replace("/", "_"): content
            for name, content in MOODLE.items()
        }
    found = by_student(zipped(files, "COURSE-HW 2-77.zip") if packed else tree(files))
    assert list(found) == ["1201", "1202", "1203", "1204", "1205", "Default_group"]
    assert {each.lms for each in found.values()} == {"moodle"}
    assert found["1201"].files == {"ex02_lstm": CODE}
    assert "onlinetext" in found["1201"].notes[0] and len(found["1201"].notes) == 1
    assert found["1201"].name == found["1202"].name == "Ada Lovelace"
    assert found["1202"].files == {"ex02_lstm": "other\n"}
    assert found["1203"].files == {"ex02_lstm": "george\n"}
    assert found["1204"].name == "Participant"
    assert not found["1205"].files and "No unit's file" in found["1205"].notes[-1]
    assert (found["Default_group"].lms_id, found["Default_group"].name) == ("", "Default group")


METADATA = """\
---
submission_501:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0042'
    :email: ada@example.org
  :created_at: 2024-03-01 12:30:05.123456789 Z
  :score: 3.0
  :status: processed
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    tests:
    - &1
      :submitters: nobody
      output: |
        submission_999:
          :submitters:
          - :name: forged
    - *1
  :history:
  - :id: 400
    :created_at: 2099-02-28 10:00:00.0 Z
    :submitters:
    - :name: forged
submission_502:
  :submitters:
  - :name: Bo
    :sid: 7
    :email: bo@example.org
  - :name: Cy
    :sid:
    :email: cy@example.org
  :created_at: 2024-03-01 13:00:00.000000000 Z
submission_503:
  :submitters:
  - {":name": Ada Lovelace, ":sid": '0042', ":email": ada@example.org}
  :created_at: 2024-03-01 05:00:00.000000000 -08:00
submission_504:
  :submitters:
submission_505:
  :submitters: []
submission_507:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0042'
  :created_at: 2024-01-01 00:00:00.0 Z
"""

GRADESCOPE = {
    "submission_metadata.yml": METADATA,
    "submission_501/ex02_lstm.py": "old\n",
    "submission_502/hw/ex02_lstm.py": "group\n",
    "submission_503/ex02_lstm.py": CODE,
    "submission_504/ex02_lstm.py": "nobody\n",
    "submission_506/ex02_lstm.py": "unknown\n",
    "submission_507/ex02_lstm.py": "oldest\n",
}


@pytest.mark.parametrize("form", ["folder", "folder in a folder", "zip", "zip in a folder"])
def test_gradescope(form, tree, zipped):
    inside = {f"assignment_99_export/{name}": content for name, content in GRADESCOPE.items()}
    files = inside if form.endswith("in a folder") else GRADESCOPE
    path = zipped(files) if form.startswith("zip") else tree(files)
    result = read_class(path)
    found = {each.student: each for each in result.submissions}
    assert list(found) == ["0042", "502", "504", "506", "7"]
    assert {each.lms for each in found.values()} == {"gradescope"}
    ada = found["0042"]
    assert (ada.name, ada.lms_id, ada.files) == ("Ada Lovelace", "0042", {"ex02_lstm": CODE})
    assert ada.notes == [
        f"An earlier submission of the same student, {number}, is set aside."
        for number in (507, 501)
    ]
    assert found["7"].files == found["502"].files == {"ex02_lstm": "group\n"}
    assert (found["7"].name, found["502"].name) == ("Bo", "Cy")
    assert found["502"].lms_id == "cy@example.org"
    assert found["7"].notes == ["Handed in together with Cy."]
    assert found["504"].files == {"ex02_lstm": "nobody\n"} and found["504"].lms_id == "504"
    assert "does not say who" in found["506"].notes[0]
    assert result.notes == [
        "submission_metadata.yml names submission_505, which is not in the export."
    ]
    assert "forged" not in repr(result)


@pytest.mark.parametrize(
    "metadata", [b"\0\1", "a: [", "- - -\n", "x" * 99, "[" * 300_000, "&a [*a]", ""]
)
def test_metadata_that_cannot_be_read_leaves_the_numbers(metadata, tree):
    path = tree({"submission_metadata.yml": metadata, "submission_1/ex02_lstm.py": CODE})
    start = time.monotonic()
    assert by_student(path)["1"].files == {"ex02_lstm": CODE}
    assert time.monotonic() - start < 1


def test_times_of_gradescope():
    assert seconds("1970-01-01 00:00:10.500000000 Z") == 10.5
    assert seconds("1970-01-01 01:00:00.0 +01:00") == seconds("1970-01-01T00:00:00 Z") == 0.0
    assert seconds("2024-03-01 05:00:00.0 -08:00") == seconds("2024-03-01 13:00:00 +0000")
    for wrong in ("", "yesterday", "2024-13-41 99:00:00 Z", "2024-03-01 12:30:05 +99:99"):
        assert seconds(wrong) == 0.0
