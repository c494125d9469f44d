"""The folder of a submission: what is copied into it, and that nothing of it stays."""

import os
from pathlib import Path

import pytest

from gradverify.sandbox import Status, Zygote, folders


def test_files_and_folders_are_copied(tmp_path: Path) -> None:
    (tmp_path / "from" / "data").mkdir(parents=True)
    (tmp_path / "from" / "data" / "x.csv").write_text("1")
    assert folders.copy_submission(tmp_path / "from", tmp_path / "to") == ()
    assert (tmp_path / "to" / "data" / "x.csv").read_text() == "1"


def test_links_and_pipes_are_left_out(tmp_path: Path) -> None:
    source = tmp_path / "from"
    source.mkdir()
    (tmp_path / "secret").write_text("marker")
    (source / "file").symlink_to(tmp_path / "secret")
    (source / "folder").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(source / "pipe")
    left_out = folders.copy_submission(source, tmp_path / "to")
    assert os.listdir(tmp_path / "to") == []
    assert left_out == ("file: not a regular file", "pipe: not a regular file")


def test_what_is_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_COPIED_BYTES", 10)
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "large").write_bytes(bytes(100))
    (tmp_path / "from" / "small").write_bytes(bytes(10))
    assert folders.copy_submission(tmp_path / "from", tmp_path / "to") == ("large: too large (100 bytes)",)
    assert os.listdir(tmp_path / "to") == ["small"]


def test_a_submission_of_a_hundred_megabytes_is_told_so(tmp_path: Path, zygote: Zygote) -> None:
    with open(tmp_path / "answers.py", "wb") as file:
        file.truncate(100 << 20)
    with zygote.open(tmp_path, "answers.py") as session:
        answer = session.call("f", ())
    assert (answer.status, answer.detail) == (Status.IMPORT_ERROR, "answers.py: too large (104857600 bytes)")


def test_more_files_than_a_submission_has_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_FILES", 3)
    (tmp_path / "from").mkdir()
    for number in range(5):
        (tmp_path / "from" / f"{number}").write_text("x")
    assert len(folders.copy_submission(tmp_path / "from", tmp_path / "to")) == 2


def test_a_deeply_nested_folder_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    home = os.open(".", os.O_RDONLY)
    try:
        os.chdir(top)
        for _ in range(300):  # deeper than a path may be long
            os.mkdir("d" * 50)
            os.chdir("d" * 50)
        Path("file").write_text("x")
    finally:
        os.fchdir(home)
        os.close(home)
    folders.remove(top)
    assert os.listdir(tmp_path) == []


def test_a_locked_folder_is_removed(tmp_path: Path) -> None:
    (tmp_path / "top" / "locked" / "inner").mkdir(parents=True)
    (tmp_path / "top" / "locked").chmod(0)
    folders.remove(tmp_path / "top")
    assert os.listdir(tmp_path) == []


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    folders.remove(tmp_path / "absent")


def test_a_folder_too_deep_to_be_looked_at_is_too_full(tmp_path: Path, zygote: Zygote) -> None:
    source = """
import os
def f():
    for _ in range(40):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    return 1.0
"""
    (tmp_path / "answers.py").write_text(source)
    with zygote.open(tmp_path, "answers.py") as session:
        answer = session.call("f", ())
    assert (answer.status, answer.tried_kinds) == (Status.POLICY, frozenset({"file"}))


def test_the_next_submission_finds_nothing_of_the_last(tmp_path: Path, zygote: Zygote) -> None:
    source = (
        "import os\ndef f():\n    found = len(os.listdir('.'))\n    open('left', 'w').close()\n    return float(found)"
    )
    (tmp_path / "answers.py").write_text(source)
    for _ in range(2):
        with zygote.open(tmp_path, "answers.py") as session:
            assert session.call("f", ()).values[0] == 1.0
    assert os.listdir(tmp_path) == ["answers.py"]
