"""The folder of results: no run takes away what a former one left, two never write at once, faults are said."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradverify.cli.grade_bar import Bar
from gradverify.grading.held import OutError, held
from gradverify.grading.model import StudentResult
from gradverify.run.journal import Journal as Lines
from tests.grading.support import ASSIGNMENT, report_in, run
from tests.grading.test_cli import ARGUMENTS, course, grade, quick, scores

__all__ = ["course", "quick"]  # fixtures

HOLDER = """
import sys, time
from pathlib import Path
from gradverify.grading.held import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def three(quick: Path) -> Path:
    """Three students, all graded once."""
    (quick / "subs/cid.py").write_text("12")
    grade()
    assert scores(quick) == {"ada": 8.0, "bob": 3.0, "cid": 2.0}
    return quick


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C as soon as so many students are graded."""
    seen: list[str] = []

    def done(self: Any, result: StudentResult) -> None:
        seen.append(result.student)
        if len(seen) == count:
            raise KeyboardInterrupt

    monkeypatch.setattr(Bar, "done", done)


def change_all(folder: Path) -> None:
    for name in ("ada", "bob", "cid"):
        (folder / f"subs/{name}.py").write_text("12345")


@pytest.mark.parametrize("more", [(), ("--only-changed",), ("--student", "ada", "--student", "bob")])
def test_an_interrupted_rerun_keeps_the_rows_that_it_did_not_replace(
    more: tuple[str, ...], three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_all(three)
    with monkeypatch.context() as patched:
        interrupt_after(1, patched)
        assert "interrupted; 3 students (2 kept)" in grade(*more, code=130)
    assert scores(three) == {"ada": 5.0, "bob": 3.0, "cid": 2.0}
    assert "bob,ok,3," in (three / "out/gradebook.csv").read_text()
    assert "Where they have a row, it is the former run" in (three / "out/index.html").read_text()
    grade("--resume")
    assert scores(three) == {"ada": 5.0, "bob": 5.0, "cid": 5.0}


def test_a_resumed_run_grades_those_again_whose_rows_were_only_kept(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        interrupt_after(1, patched)
        grade(code=130)
    done = grade("--resume")
    assert "ada" not in done
    assert "bob: 3 of 10" in done
    assert "cid: 2 of 10" in done


def test_two_interrupts_in_a_row_keep_what_one_keeps(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_all(three)
    for more in ((), ("--resume",)):
        with monkeypatch.context() as patched:
            interrupt_after(1, patched)
            grade(*more, code=130)
    assert scores(three) == {"ada": 5.0, "bob": 5.0, "cid": 2.0}


def test_an_interrupted_run_of_another_assignment_leaves_the_former_gradebook(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (three / "out/gradebook.csv").read_bytes()
    (three / "hw.yaml").write_text(ASSIGNMENT.replace("points: 10", "points: 20"))
    change_all(three)
    with monkeypatch.context() as patched:
        interrupt_after(1, patched)
        assert "still those of the former run" in grade(code=130)
    assert (three / "out/gradebook.csv").read_bytes() == before
    grade("--resume")
    assert scores(three) == {"ada": 5.0, "bob": 5.0, "cid": 5.0}


def test_one_student_of_another_folder_does_not_take_the_others_rows(three: Path) -> None:
    for name in ("ada", "cid"):
        (three / f"subs/{name}.py").unlink()
    (three / "subs/bob.py").write_text("123456")
    grade("--student", "bob")
    assert scores(three) == {"ada": 8.0, "bob": 6.0, "cid": 2.0}


def test_whoever_handed_nothing_in_any_more_goes_with_the_next_whole_run(three: Path) -> None:
    (three / "subs/ada.py").unlink()
    grade()
    assert scores(three) == {"bob": 3.0, "cid": 2.0}


def test_the_folder_of_whoever_handed_nothing_in_any_more_stays_and_is_told(three: Path) -> None:
    (three / "subs/ada.py").unlink()
    (three / "out/mine").mkdir()
    said = grade()
    assert "1 folder is of an earlier run, for students who are not among the submissions any more (ada)" in said
    assert (three / "out/ada/feedback.md").exists()
    assert report_in(three / "out")["notes"]
    assert "of an earlier run" not in grade("--student", "bob")


def test_an_interrupted_run_says_how_it_goes_on(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        interrupt_after(1, patched)
        assert "2 students were not reached: the same command with --resume goes on" in grade(code=130)


def test_one_student_is_not_graded_on_top_of_an_interrupted_run_of_a_changed_assignment(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (three / "hw.yaml").write_text(ASSIGNMENT.replace("points: 10", "points: 20"))
    with monkeypatch.context() as patched:
        interrupt_after(1, patched)
        grade(code=130)
    before = (three / "out/report.json").read_bytes(), (three / "out/journal.jsonl").read_bytes()
    said = grade("--student", "bob", code=2)
    assert "before it reached 1 student" in said
    assert "--resume" in said
    assert ((three / "out/report.json").read_bytes(), (three / "out/journal.jsonl").read_bytes()) == before
    grade("--resume")
    grade("--student", "bob")


def test_a_full_disk_under_the_journal_names_the_way_on(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, data: Any) -> None:
        if data.get("student") == "bob":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        line(self, data)

    line = Lines._line
    with monkeypatch.context() as patched:
        patched.setattr(Lines, "_line", full)
        assert "No space left on device; make room, and go on with --resume" in grade(code=2)
    assert "ada: " not in grade("--resume")


def test_one_student_is_not_graded_where_the_others_results_cannot_be_kept(three: Path) -> None:
    (three / "out/journal.jsonl").unlink()
    assert "run without --student" in grade("--student", "bob", code=2)
    assert len(scores(three)) == 3


def test_an_interrupt_before_anybody_is_graded_is_told_in_whole_words(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "gradverify.grading.session.Session.grade", lambda self, todo, *_, **__: [s.student for s in todo]
    )
    assert "interrupted; 0 students in " in grade(code=130)
    assert (quick / "out/report.json").exists()


def test_a_second_run_into_the_same_folder_is_refused(quick: Path) -> None:
    grade()
    before = (quick / "out/report.json").read_bytes()
    with held(quick / "out"):
        assert "another `gradverify grade` is writing there" in grade(code=2)
    assert (quick / "out/report.json").read_bytes() == before
    grade()


def test_a_run_that_was_killed_holds_no_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(out)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(OutError, match="another"), held(out):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    with held(out), (out / ".lock").open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("file", "is no folder"),
        ("file/out", "cannot be made: Not a directory"),
        ("/dev/full", "is no folder"),
        ("/proc/self", "cannot be written"),
        ("n" * 300, "File name too long"),
    ],
)
def test_a_folder_of_results_that_is_none_is_a_wrong_command_line(out: str, told: str, course: Path) -> None:
    (course / "file").write_text("mine")
    done = run("grade", "hw.yaml", "subs", "--out", out, *ARGUMENTS[4:], cwd=course)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
    assert "bug" not in done.stderr
    assert (course / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["index.html", "journal.jsonl", "journal.new", ".lock", "ada/feedback.md"])
def test_a_folder_where_a_file_should_go_is_named(name: str, quick: Path) -> None:
    (quick / "out" / name / "mine").mkdir(parents=True)
    said = grade(code=2)
    assert name in said
    assert "cannot be written" in said or "is no file that can be read again" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(quick: Path) -> None:
    (quick / "out").mkdir(mode=0o500)
    assert "Permission denied" in grade(code=2)


@pytest.mark.parametrize("at", ["bob", "gradebook.csv"])
def test_a_full_disk_is_told_and_what_is_graded_is_kept(at: str, quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if at in str(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr("gradverify.grading.output.os.replace", full)
        said = grade(code=2)
    assert "No space left on device; make room, and go on with --resume" in said
    assert not list((quick / "out").rglob(".*.new"))
    assert "ada: " not in grade("--resume")
    assert report_in(quick / "out")["interrupted"] is False
