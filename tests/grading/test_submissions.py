"""What students hand in, in whatever shape: found under its student's name, and nothing of it does harm."""

from __future__ import annotations

import contextlib
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.grading.archive import ALL_BYTES, FILE_BYTES, Staged, SubmissionError, digest_of, stage
from gradverify.grading.bulk import is_bulk_archive
from gradverify.grading.intake import find_submissions, folder_names
from gradverify.grading.model import Status
from gradverify.grading.names import spelled
from gradverify.grading.words import sentence

CODE = "def grad(x):\n    return 2 * x\n"


def put(path: Path, text: str = CODE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def archive(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def staged(tmp_path: Path, *sources: Path) -> Staged:
    target = tmp_path / "staged"
    target.mkdir()
    return stage(sources, target, "hw.py")


def refused(tmp_path: Path, *sources: Path) -> SubmissionError:
    with pytest.raises(SubmissionError) as caught:
        staged(tmp_path, *sources)
    return caught.value


def names(folder: Path) -> dict[str, list[str]]:
    return {s.student: [p.name for p in s.sources] for s in find_submissions(folder).submissions}


def test_a_file_a_folder_and_an_archive_are_each_a_student(tmp_path: Path) -> None:
    put(tmp_path / "ada.py")
    put(tmp_path / "bob/hw.py")
    archive(tmp_path / "carol.zip", {"hw.py": CODE})
    assert sorted(names(tmp_path)) == ["ada", "bob", "carol"]


def test_canvas_names_give_the_student_and_group_the_files(tmp_path: Path) -> None:
    put(tmp_path / "lovelaceada_12345_67890_hw.py")
    put(tmp_path / "lovelaceada_12345_67891_helper-1.py")
    put(tmp_path / "turingalan_LATE_222_333_hw-2.py")
    found = names(tmp_path)
    assert sorted(found) == ["lovelaceada", "turingalan"]
    assert len(found["lovelaceada"]) == 2


def test_moodle_names_give_the_student(tmp_path: Path) -> None:
    put(tmp_path / "Ada Lovelace_123456_assignsubmission_file/hw.py")
    put(tmp_path / "Alan Turing_123457_assignsubmission_file_hw.py")
    assert sorted(names(tmp_path)) == ["Ada Lovelace", "Alan Turing"]


def test_a_whole_courses_archive_is_told_from_one_submission(tmp_path: Path) -> None:
    course = archive(tmp_path / "c.zip", {"lovelaceada_1_2_hw.py": CODE, "turingalan_3_4_hw.py": CODE})
    assert is_bulk_archive(course, "hw.py")
    assert not is_bulk_archive(archive(tmp_path / "ada.zip", {"hw.py": CODE, "helper.py": CODE}), "hw.py")
    assert not is_bulk_archive(put(tmp_path / "no.zip"), "hw.py")


@pytest.mark.parametrize(
    ("files", "bulk"),
    [
        (["submissions/lovelaceada_1_2_hw.py", "submissions/turingalan_3_4_hw.py"], True),
        (["ada/hw.py", "alan/hw.py"], True),
        (["ada.py", "alan.py"], True),
        (["hw.py", "helper.py", "__MACOSX/hw.py"], False),
        (["my work/hw-1.py", "my work/helper.py"], False),
        (["only.py", "readme.txt"], False),
    ],
)
def test_a_whole_courses_archive_is_known_by_what_is_in_it(files: list[str], bulk: bool, tmp_path: Path) -> None:
    assert is_bulk_archive(archive(tmp_path / "c.zip", dict.fromkeys(files, CODE)), "hw.py") is bulk


def test_of_a_file_that_canvas_delivers_twice_the_latest_is_taken_and_the_student_told(tmp_path: Path) -> None:
    old, new = put(tmp_path / "a_1_2_hw.py", "old = 1\n"), put(tmp_path / "a_1_3_hw-1.py")
    helper = put(tmp_path / "a_1_4_helper-1.py", "x = 1\n")
    found = staged(tmp_path, old, new, helper)
    assert (found.folder / found.file).read_text() == CODE
    assert (found.folder / "helper.py").exists()
    assert found.note == "`hw.py` was handed in 2 times, and the latest was taken"


def test_a_second_file_of_nearly_the_wanted_name_is_told_to_the_student(tmp_path: Path) -> None:
    put(tmp_path / "ada/hw.py")
    put(tmp_path / "ada/hw-1.py", "new = 1\n")
    assert staged(tmp_path, tmp_path / "ada").note == "`hw.py` was graded, and `hw-1.py` beside it was not"


def test_gradescope_folders_are_named_by_their_metadata(tmp_path: Path) -> None:
    put(tmp_path / "submission_111/hw.py")
    put(tmp_path / "submission_222/hw.py")
    put(
        tmp_path / "submission_metadata.yml",
        "submission_111:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: '7'\n    :email: ada@example.org\n"
        "  :created_at: 2026-01-01 10:00:00 Z\n",
    )
    assert sorted(names(tmp_path)) == ["Ada Lovelace", "submission_222"]


def test_two_submissions_of_one_name_are_kept_apart_and_the_instructor_is_told(tmp_path: Path) -> None:
    put(tmp_path / "ada.py")
    archive(tmp_path / "ada.zip", {"hw.py": CODE})
    intake = find_submissions(tmp_path)
    assert len({s.student for s in intake.submissions}) == 2
    assert "2 submissions are named `ada`" in intake.notes[0]


def test_grade_sheets_and_hidden_files_are_no_submissions(tmp_path: Path) -> None:
    put(tmp_path / "ada.py")
    put(tmp_path / "grades.csv")
    put(tmp_path / ".DS_Store")
    (tmp_path / "__MACOSX").mkdir()
    intake = find_submissions(tmp_path)
    assert [s.student for s in intake.submissions] == ["ada"]
    assert "grades.csv" in intake.notes[0]


def test_a_submission_whose_name_begins_with_a_dot_is_passed_over_and_told(tmp_path: Path) -> None:
    put(tmp_path / "ada.py")
    put(tmp_path / ".bob.py")
    put(tmp_path / ".DS_Store")
    intake = find_submissions(tmp_path)
    assert [s.student for s in intake.submissions] == ["ada"]
    assert intake.notes == ("passed over: .bob.py begins with a dot, as hidden files do",)


@pytest.mark.parametrize("other", ["Ada", "ada ", "\u0430da", "a\u200bda", "\uff41da"])
def test_names_that_look_alike_are_told(other: str, tmp_path: Path) -> None:
    put(tmp_path / "ada.py")
    put(tmp_path / f"{other}.py")
    assert "look alike" in find_submissions(tmp_path).notes[0]
    assert f"`{spelled(other)}` ({spelled(f'{other}.py')})" in find_submissions(tmp_path).notes[0]


def test_names_that_differ_are_not_said_to_look_alike(tmp_path: Path) -> None:
    for name in ("jose", "jos\u00e9", "ada1", "ada2"):
        put(tmp_path / f"{name}.py")
    assert find_submissions(tmp_path).notes == ()


def test_a_single_file_is_the_submission_whatever_it_is_called(tmp_path: Path) -> None:
    assert staged(tmp_path, put(tmp_path / "ada.py")).file == "hw.py"


def test_a_renamed_file_is_taken_with_a_note_to_the_student(tmp_path: Path) -> None:
    put(tmp_path / "ada/hw-2.py")
    put(tmp_path / "ada/other.py")
    found = staged(tmp_path, tmp_path / "ada")
    assert found.file == "hw.py"
    assert "hw-2.py" in found.note


def test_the_file_is_found_below_a_folder_of_the_archive(tmp_path: Path) -> None:
    found = staged(tmp_path, archive(tmp_path / "a.zip", {"my work/hw.py": CODE, "my work/helper.py": "x = 1"}))
    assert (found.folder / found.file).read_text() == CODE
    assert (found.folder / "helper.py").exists()


def test_a_submission_without_the_file_is_missing_and_says_what_is_there(tmp_path: Path) -> None:
    put(tmp_path / "ada/notes.txt")
    error = refused(tmp_path, tmp_path / "ada")
    assert error.status is Status.MISSING
    assert "notes.txt" in error.message


def test_a_sentence_never_changes_the_case_of_a_name() -> None:
    assert sentence("gradients.py is a symbolic link") == "gradients.py is a symbolic link."
    assert sentence("`hw.py` was taken") == "`hw.py` was taken."
    assert sentence("my_f() takes 2 arguments") == "my_f() takes 2 arguments."
    assert sentence("the submission is empty") == "The submission is empty."


def test_a_notebook_is_told_what_to_do(tmp_path: Path) -> None:
    put(tmp_path / "ada/hw.ipynb")
    assert "notebook" in refused(tmp_path, tmp_path / "ada").message


@pytest.mark.parametrize("name", ["../hw.py", "/etc/hw.py", "a/../../hw.py", "..\\hw.py", "C:\\hw.py"])
def test_a_path_that_climbs_out_of_the_archive_is_refused_and_called_what_it_is(name: str, tmp_path: Path) -> None:
    error = refused(tmp_path, archive(tmp_path / "a.zip", {name: CODE}))
    assert (error.status, "leads out of it" in error.message) == (Status.MISSING, True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "staged"]


def test_a_symlink_in_an_archive_is_never_made(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        entry = zipfile.ZipInfo("hw.py")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(entry, "/etc/passwd")
    error = refused(tmp_path, tmp_path / "a.zip")
    assert error.status is Status.MISSING
    assert "symbolic link" in error.message
    assert not list((tmp_path / "staged").iterdir())


def test_symlinks_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "ada/hw.py")
    (tmp_path / "ada/secret.py").symlink_to("/etc/passwd")
    (tmp_path / "ada/all").symlink_to("/etc")
    found = staged(tmp_path, tmp_path / "ada")
    assert sorted(p.name for p in found.folder.iterdir()) == ["hw.py"]


def test_a_submission_that_is_a_symlink_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ada.py").symlink_to("/etc/passwd")
    assert refused(tmp_path, tmp_path / "ada.py").status is Status.MISSING


def test_a_zip_bomb_is_stopped_while_it_is_unpacked(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "a.zip", {f"{i}.py": b"0" * (FILE_BYTES - 1) for i in range(8)})
    assert bomb.stat().st_size < FILE_BYTES
    error = refused(tmp_path, bomb)
    assert f"{ALL_BYTES >> 20} MB" in error.message
    assert sum(p.stat().st_size for p in (tmp_path / "staged").iterdir()) <= ALL_BYTES


def test_an_archive_that_lies_about_its_sizes_is_not_believed(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"hw.py": b"0" * (FILE_BYTES * 2)})
    data = path.read_bytes()
    size = (FILE_BYTES * 2).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (100).to_bytes(4, "little")))
    refused(tmp_path, path)
    assert sum(p.stat().st_size for p in (tmp_path / "staged").rglob("*")) <= FILE_BYTES + (1 << 16)


def test_a_file_of_a_hundred_megabytes_is_not_read(tmp_path: Path) -> None:
    big = tmp_path / "ada.py"
    with big.open("wb") as file:
        file.truncate(100 << 20)
    error = refused(tmp_path, big)
    assert "100 MB" in error.message


def test_what_is_no_archive_is_missing(tmp_path: Path) -> None:
    error = refused(tmp_path, put(tmp_path / "a.zip", "no zip"))
    assert error.status is Status.MISSING


def test_a_pipe_does_not_hang_the_grader(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    os.mkfifo(tmp_path / "ada/hw.py")
    refused(tmp_path, tmp_path / "ada")
    os.mkfifo(tmp_path / "bob.py")
    (tmp_path / "staged").rmdir()
    refused(tmp_path, tmp_path / "bob.py")


def test_thousands_of_files_are_not_taken(tmp_path: Path) -> None:
    refused(tmp_path, archive(tmp_path / "a.zip", {f"{i}.py": "" for i in range(3000)}))


@given(st.lists(st.text(alphabet="a/\\.\n\u202e=:é ", min_size=1, max_size=12), min_size=1, max_size=4, unique=True))
def test_whatever_an_archives_names_are_nothing_lands_outside(names: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "staged").mkdir()
        path = archive(root / "a.zip", dict.fromkeys(names, CODE))
        with contextlib.suppress(SubmissionError):
            stage((path,), root / "staged", "hw.py")
        assert sorted(p.name for p in root.iterdir()) == ["a.zip", "staged"]


def test_the_digest_changes_with_the_content_alone(tmp_path: Path) -> None:
    put(tmp_path / "ada/hw.py")
    first = digest_of((tmp_path / "ada",))
    os.utime(tmp_path / "ada/hw.py", (0, 0))
    assert digest_of((tmp_path / "ada",)) == first
    put(tmp_path / "ada/hw.py", CODE + "\n")
    assert digest_of((tmp_path / "ada",)) != first


@given(st.lists(st.text(min_size=1, max_size=30), unique=True, max_size=6))
def test_every_student_gets_a_folder_of_a_harmless_name_and_no_two_the_same(students: list[str]) -> None:
    folders = folder_names(students)
    assert len({name.casefold() for name in folders.values()}) == len(students)
    for name in folders.values():
        assert name not in ("", ".", "..")
        assert not set(name) & set('/\\\0\n\r"<>|:*?')
        assert not name.startswith(".")
