"""Folders and zips of a class: whose is what, and one student's trouble stays theirs."""

import os
import socket

import pytest

from coursekit.errors import UserError
from coursekit.grading.submissions import reading
from coursekit.grading.submissions.names import unique_names
from coursekit.grading.submissions.reading import read_class, read_submissions
from tests.grading.submissions.conftest import CODE, notebook, pack


def by_student(path):
    return {each.student: each for each in read_submissions(path)}


FORMS = {
    "folders": {"ada/ex02_lstm.py": CODE, "bob/ex02_lstm.py": "b = 2\n"},
    "folders within": {"ada/hw/week 2/ex02_lstm.py": CODE, "bob/exercises/ex02_lstm.py": "b = 2\n"},
    "zips": {
        "ada.zip": pack({"ex02_lstm.py": CODE}),
        "bob.ZIP": pack({"b/ex02_lstm.py": "b = 2\n"}),
    },
    "files": {"ada_ex02_lstm.py": CODE, "ex02_lstm-bob.py": "b = 2\n"},
    "notebooks": {
        "ada.ipynb": notebook("# coursekit: ex02_lstm\nanswer = 1"),
        "bob_ex02_lstm.ipynb": notebook("b = 2"),
    },
    "each their own way": {"ada/ex02_lstm.py": CODE, "bob.zip": pack({"ex02_lstm.py": "b = 2\n"})},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("container", ["folder", "zip", "zip with a folder around"])
def test_a_class_is_read_in_every_form(form, container, tree, zipped):
    files = FORMS[form]
    if container == "folder":
        path = tree(files)
    elif container == "zip":
        path = zipped(files)
    else:
        path = zipped({f"hand-ins/{name}": content for name, content in files.items()})
    found = by_student(path)
    assert list(found) == ["ada", "bob"]
    assert found["ada"].files["ex02_lstm"].strip().endswith("answer = 1")
    assert found["bob"].files["ex02_lstm"].strip().endswith("b = 2")
    assert not found["ada"].refused and not found["ada"].problem
    assert found["ada"].name == "ada" and found["ada"].lms == ""


SINGLE = {"ex02_lstm.py": CODE, "ex03_gru.py": "g = 3\n", "__pycache__/x.pyc": b"", "README.md": ""}


def test_a_folder_of_one_student_is_one_submission(tree):
    (one,) = read_submissions(tree({**SINGLE, "data/points.csv": ""}, "ada"))
    assert one.student == "ada"
    assert one.files == {"ex02_lstm": CODE, "ex03_gru": "g = 3\n"}


def test_a_zip_and_a_file_of_one_student_are_one_submission(zipped, tree):
    (one,) = read_submissions(zipped(SINGLE, "bob.zip"))
    assert (one.student, len(one.files)) == ("bob", 2)
    (inside,) = read_submissions(zipped({f"hw/{n}": c for n, c in SINGLE.items()}, "eve.zip"))
    assert (inside.student, len(inside.files)) == ("hw", 2)
    (alone,) = read_submissions(tree({"ex02_lstm.py": CODE}) / "ex02_lstm.py")
    assert alone.files == {"ex02_lstm": CODE}


def test_the_instructor_may_point_through_links(zipped, tree, tmp_path):
    path = zipped({"ada/ex02_lstm.py": CODE})
    os.link(path, tmp_path / "same.zip")
    (tmp_path / "link.zip").symlink_to(path)
    (tmp_path / "link").symlink_to(tree({"ada/ex02_lstm.py": CODE}))
    for place in ("class.zip", "same.zip", "link.zip", "link"):
        assert list(by_student(tmp_path / place)) == ["ada"]


def test_files_beside_the_students_folders_are_told_of(tree):
    found = read_class(tree({"ada/ex02_lstm.py": CODE, "ex02_lstm.py": "stub", "grades.csv": ""}))
    assert [each.student for each in found.submissions] == ["ada"]
    assert found.notes == ["Ignored, of no student: ex02_lstm.py, grades.csv."]


def test_a_copy_downloaded_again_is_the_same_students(tree):
    (one,) = read_submissions(
        tree(
            {"ada.zip": pack({"ex02_lstm.py": "old"}), "ada (1).zip": pack({"ex02_lstm.py": CODE})}
        )
    )
    assert one.files == {"ex02_lstm": CODE}
    assert one.notes == [
        "ada.zip/ex02_lstm.py is set aside for the later ada (1).zip/ex02_lstm.py."
    ]


def test_zips_with_numbers_are_different_students(tree):
    path = tree({f"group-{n}.zip": pack({"ex02_lstm.py": str(n)}) for n in (1, 2)})
    assert {n: each.files["ex02_lstm"] for n, each in by_student(path).items()} == {
        "group-1": "1",
        "group-2": "2",
    }


def test_names_are_safe_unique_and_stay_what_they_are(tree):
    names = [
        "José Núñez",
        "Jose Nunez",
        "李雷",
        "韓梅",
        "..hidden",
        "-rf",
        "CON",
        "a" * 200,
        "Ann",
        "ann",
    ]
    path = tree({f"{name}/ex02_lstm.py": CODE for name in names})
    first = {each.name: each.student for each in read_submissions(path)}
    assert set(first) == set(shortened(names))
    students = list(first.values())
    assert len({student.casefold() for student in students}) == len(names)
    assert all(
        set(student) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
        and student[0] not in ".-_"
        and len(student) <= 60
        for student in students
    )
    assert first["CON"] == "CON_" and first["-rf"] == "rf" and first["..hidden"] == "hidden"
    (path / "李雷" / "ex02_lstm.py").unlink()
    (path / "李雷").rmdir()
    (path / "王芳").mkdir()
    second = {each.name: each.student for each in read_submissions(path)}
    assert second["韓梅"] == first["韓梅"] and second["José Núñez"] == first["José Núñez"]


def test_a_made_name_is_not_that_of_another_student():
    (made, _) = unique_names([("Ann", "1"), ("ann", "2")])
    names = unique_names([("Ann", "1"), ("ann", "2"), (made, "3")])
    assert len({name.casefold() for name in names}) == 3 and names[2] == made


def test_names_that_lead_out_of_a_class_are_nobodys_folder(zipped):
    (one,) = read_submissions(zipped({"../ex02_lstm.py": CODE, "ex03_gru.py": CODE}, "ada.zip"))
    assert one.student == "ada" and list(one.files) == ["ex03_gru"]
    assert "leads out of its folder" in one.refused["ex02_lstm"]
    members = {
        "../../etc/passwd": "",
        "ada/ex02_lstm.py": CODE,
        "bob/../ada/ex02_lstm.py": "forged",
    }
    found = by_student(zipped(members))
    assert found["ada"].files == {"ex02_lstm": CODE} and not found["ada"].notes
    assert found["etc"].problem and "leads out" in found["bob"].refused["ex02_lstm"]


def shortened(names):
    return [name[:170] + "..." + name[-27:] if len(name) > 200 else name for name in names]


def test_the_order_of_a_listing_changes_nothing(tree, monkeypatch):
    path = tree(
        {
            "ada/ex02_lstm.py": CODE,
            "ada/b/notes.txt": "",
            "ada/a/notes.txt": "",
            "bob/x.ipynb": notebook("# coursekit: ex03_gru\n1"),
            "Bob/ex02_lstm (1).py": CODE,
            "Bob/ex02_lstm.py": "old",
            "c_1_2_ex02_lstm.py": CODE,
        }
    )
    usual = read_class(path)
    listing = os.scandir

    class Backwards:
        def __init__(self, folder):
            self.items = reversed(sorted(listing(folder), key=lambda item: item.name))

        def __enter__(self):
            return self.items

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    assert read_class(path) == usual
    assert [each.student for each in usual.submissions] == sorted(
        each.student for each in usual.submissions
    )


def test_what_is_no_file_is_never_opened(tree, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "ex02_lstm.py").write_text("secret")
    folders = {f"{name}/": "" for name in ("fifo", "link", "hard", "inner", "socket")}
    path = tree({"good/ex02_lstm.py": CODE, **folders})
    os.mkfifo(path / "fifo" / "ex02_lstm.py")
    (path / "link" / "ex02_lstm.py").symlink_to(secret / "ex02_lstm.py")
    os.link(secret / "ex02_lstm.py", path / "hard" / "ex02_lstm.py")
    (path / "inner" / "work").symlink_to(secret)
    (path / "outer").symlink_to(secret)
    os.mkfifo(path / "pipe.zip")
    os.mkfifo(path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path / "socket")
        try:
            server.bind("ex02_lstm.py")
        finally:
            os.chdir(here)
    found = by_student(path)
    assert found.pop("good").files == {"ex02_lstm": CODE}
    assert all(not each.files for each in found.values())
    assert "secret" not in repr([each.files for each in found.values()])
    assert "is a symbolic link" in found["link"].refused["ex02_lstm"]
    assert "is a hard link" in found["hard"].refused["ex02_lstm"]
    assert "FIFO" in found["fifo"].refused["ex02_lstm"]
    assert "a socket" in found["socket"].refused["ex02_lstm"]
    assert found["inner"].problem == "work is a symbolic link: hand in the file itself."
    assert found["outer"].problem == "outer is a symbolic link: hand in the file itself."
    assert "FIFO" in found["pipe"].notes[0] and "FIFO" in found["pipe"].notes[1]


def test_a_file_replaced_while_it_is_read_is_not_followed(tree, tmp_path):
    from coursekit.grading.submissions.entry import Unreadable
    from coursekit.grading.submissions.folder import entries_below

    path = tree({"ada/ex02_lstm.py": CODE, "secret.py": "secret"})
    (entry,) = entries_below(path / "ada", (path / "ada").lstat())
    place = path / "ada" / "ex02_lstm.py"
    (path / "other.py").write_text("other")
    for replacement in ("link to itself", "link", "fifo", "file"):
        if replacement == "link to itself":
            os.rename(place, path / "moved.py")
            place.symlink_to(path / "moved.py")
        else:
            place.unlink()
        if replacement == "link":
            place.symlink_to(path / "secret.py")
        elif replacement == "fifo":
            os.mkfifo(place)
        elif replacement == "file":
            os.rename(path / "other.py", place)
        with pytest.raises(Unreadable):
            entry.read(100)


@pytest.mark.parametrize("replaced", ["ada/hw", "ada"])
def test_a_folder_replaced_by_a_link_is_not_followed(replaced, tree, monkeypatch):
    path = tree({"ada/hw/ex02_lstm.py": CODE, "eve/hw/ex02_lstm.py": "e", "eve/ex02_lstm.py": "e"})
    really = os.open

    def replace_first(place, *arguments, **options):
        if os.path.basename(place) == "hw" and not (path / replaced).is_symlink():
            os.rename(path / replaced, path / "moved")
            os.symlink(path / "eve", path / replaced)
        return really(place, *arguments, **options)

    monkeypatch.setattr(os, "open", replace_first)
    found = by_student(path)
    assert found["ada"].files == {} and "hw cannot be read" in found["ada"].problem


def test_too_many_files_and_too_deep_folders(tree, monkeypatch):
    from coursekit.grading.submissions import folder

    monkeypatch.setattr(folder, "MAX_FILES", 12)
    files = {f"many/{n}.txt": "" for n in range(13)} | {"ada/ex02_lstm.py": CODE}
    deep = "/".join("abcdefghij")
    found = by_student(tree({**files, f"deep/{deep}/ex02_lstm.py": CODE}))
    assert found["ada"].files and not found["many"].files and not found["deep"].files
    assert "more than 12 files" in found["many"].problem
    assert "folders deep" in found["deep"].problem


def test_what_nobody_needs_is_ignored(tree):
    junk = [
        "__MACOSX/._ex02_lstm.py",
        ".git/ex02_lstm.py",
        "__pycache__/ex02_lstm.py",
        ".venv/lib/ex02_lstm.py",
        "my own env/lib/python3/site-packages/ex02_lstm.py",
        ".ipynb_checkpoints/ex02_lstm.ipynb",
        "._ex02_lstm.py",
        ".DS_Store",
    ]
    files = {f"ada/{name}": "junk" for name in junk}
    (one,) = read_submissions(tree({**files, "ada/ex02_lstm.py": CODE, ".DS_Store": ""}))
    assert one.files == {"ex02_lstm": CODE}
    assert one.notes == []


DANGEROUS = [
    *["a.weights.h5", "a.npz", "a.keras", "a.h5", "a.pkl", "conftest.py", "sitecustomize.py"],
    *[
        "numpy.py",
        "keras.py",
        "a.pyc",
        "a.pth",
        "a.so",
        "a.tar.gz",
        "helpers.py",
        "ex02.py",
        "ex02_lstm.py.txt",
    ],
]


def test_dangerous_files_are_named_and_never_opened(tree, monkeypatch):
    path = tree({f"ada/{name}": "x" for name in DANGEROUS} | {"ada/ex02_lstm.py": CODE})
    opened = []
    really = os.open
    monkeypatch.setattr(
        os, "open", lambda place, *a, **k: opened.append(place) or really(place, *a, **k)
    )
    (one,) = read_submissions(path)
    assert [place.name for place in opened if place.is_file()] == ["ex02_lstm.py"]
    assert all(any(name in note for note in one.notes) for name in DANGEROUS)
    assert any(
        "how Python" in note and "conftest.py" in note and "numpy.py" in note for note in one.notes
    )


@pytest.mark.parametrize(
    "files, message",
    [
        ({}, "is empty"),
        ({"notes.txt": ""}, "looks like a submission"),
        ({"docs/notes.txt": ""}, "Looked for one folder"),
        ({"empty/": ""}, "ex02_lstm"),
    ],
)
def test_nothing_like_a_submission_is_said(files, message, tree):
    with pytest.raises(UserError, match=message):
        read_submissions(tree(files))


def test_what_cannot_be_read_is_said(tmp_path, zipped):
    with pytest.raises(UserError, match=r"There is no .*nowhere"):
        read_submissions(tmp_path / "nowhere")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\3\4 and no more")
    with pytest.raises(UserError, match="is not a zip that can be read"):
        read_submissions(broken)
    with pytest.raises(UserError, match="is empty"):
        read_submissions(zipped({}))
    os.mkfifo(tmp_path / "fifo.zip")
    with pytest.raises(UserError, match="FIFO"):
        read_submissions(tmp_path / "fifo.zip")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UserError, match="cannot be read"):
        read_submissions(tmp_path / "loop")
    with pytest.raises(UserError, match="cannot be read"):
        read_submissions(tmp_path / "a\0b")


def test_a_closed_file_is_refused_and_a_closed_folder_said(tree, monkeypatch):
    path = tree({"ada/ex02_lstm.py": CODE, "bob/ex02_lstm.py": CODE, "eve/ex02_lstm.py": CODE})
    closed = [path / "ada" / "ex02_lstm.py", path / "bob"]
    really = os.open

    def only_if_allowed(place, *arguments, **options):  # root may read everything
        if place in closed:
            raise PermissionError(13, "Permission denied", str(place))
        return really(place, *arguments, **options)

    monkeypatch.setattr(os, "open", only_if_allowed)
    found = by_student(path)
    assert "cannot be read" in found["ada"].refused["ex02_lstm"]
    assert "cannot be read" in found["bob"].problem
    assert found["eve"].files
    closed.append(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_submissions(path)


def test_a_fault_of_our_own_costs_one_student_only(tree, monkeypatch):
    usual = reading.unit_files

    def fault(entries, units):
        if any("ada" in str(entry.read(99)) for entry in entries):
            raise IndexError("a fault")
        return usual(entries, units)

    path = tree({"ada/ex02_lstm.py": "# ada", "bob/ex02_lstm.py": CODE})
    monkeypatch.setattr(reading, "unit_files", fault)
    found = by_student(path)
    assert found["ada"].problem == "It could not be read, by a fault of coursekit's (IndexError)."
    assert found["bob"].files == {"ex02_lstm": CODE}
