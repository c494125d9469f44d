"""`gradverify grade` as a process: one student never stops another, nothing is graded twice, exit codes tell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from gradverify.cli import grade as command_module
from gradverify.grading.intake import Submission
from gradverify.grading.model import Status, StudentResult
from gradverify.grading.session import GradingError, Session
from gradverify.sandbox import LEVELS, Level, probe_level
from tests.grading.support import (
    ASSIGNMENT,
    QUESTION,
    RIGHT,
    SECRET,
    SPEC,
    WRONG,
    assignment_in,
    report_in,
    run,
    student,
)

LEVEL = probe_level().name


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An assignment and two submissions."""
    (tmp_path / "bowl.yaml").write_text(SPEC)
    (tmp_path / "hw.yaml").write_text(ASSIGNMENT)
    (tmp_path / "hw.secret").write_text(SECRET)
    (tmp_path / "subs").mkdir()
    (tmp_path / "subs/ada.py").write_text(RIGHT)
    (tmp_path / "subs/bob.py").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


LIAR = (sys.executable, str(Path(__file__).with_name("liar.py")))


@pytest.fixture
def quick(course: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, graded by the number of bytes, and so in no time."""
    begin = Session.__init__

    def init(self: Session, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        self.command = LIAR

    monkeypatch.setattr(Session, "__init__", init)
    (course / "subs/ada.py").write_text("12345678")
    (course / "subs/bob.py").write_text("123")
    return course


ARGUMENTS = ("hw.yaml", "subs", "--out", "out", "-j", "1", "--min-isolation", LEVEL)


def grade(*more: str, code: int = 0) -> str:
    """What the command prints, both streams together; its grading processes are real."""
    try:
        done = CliRunner().invoke(command_module.command, [*ARGUMENTS, *more], standalone_mode=False)
        if done.exception is not None:
            raise done.exception
    except click.UsageError as error:
        assert code == 2
        return error.message
    assert done.return_value == code, done.output
    return done.output


def scores(folder: Path) -> dict[str, float]:
    return {s["student"]: s["score"] for s in report_in(folder / "out")["students"]}


def test_the_command_is_a_process_whose_exit_code_tells(course: Path) -> None:
    done = run("grade", *ARGUMENTS, cwd=course)
    assert done.returncode == 0, done.stderr
    assert "bob: 5 of 10 points, partial" in done.stdout
    assert f"confined at level {LEVEL}" in done.stdout


def test_odd_submissions_cost_their_students_alone(course: Path) -> None:
    subs = course / "subs"
    (subs / "newline\nname.py").write_text(RIGHT)
    (subs / "=2+5.py").write_text(RIGHT)
    (subs / "empty.py").write_text("")
    (subs / "binary.py").write_bytes(bytes(range(256)))
    (subs / "folder").mkdir()
    (subs / "link.py").symlink_to("/etc/passwd")
    with (subs / "huge.py").open("wb") as file:
        file.truncate(100 << 20)
    with zipfile.ZipFile(subs / "climber.zip", "w") as archive:
        archive.writestr("../../hw.py", RIGHT)
    with zipfile.ZipFile(subs / "zipped.zip", "w") as archive:
        archive.writestr("hw.py", RIGHT)
    grade()
    found = report_in(course / "out")
    told = {s["student"]: (s["status"], s["score"]) for s in found["students"]}
    assert told == {
        "ada": ("ok", 10.0), "bob": ("partial", 5.0), "newline\nname": ("ok", 10.0), "=2+5": ("ok", 10.0),
        "empty": ("missing", 0.0), "binary": ("import-error", 0.0), "folder": ("missing", 0.0),
        "link": ("missing", 0.0), "huge": ("missing", 0.0), "climber": ("missing", 0.0),
        "zipped": ("ok", 10.0),
    }  # fmt: skip
    assert "100 MB" in student(found, "huge")["student_note"]
    assert "leads out of it" in (course / "out/climber/feedback.md").read_text()
    assert student(found, "link")["questions"][0]["student"] == (
        "Your submission cannot be used: the submission is a symbolic link; hand in the file itself."
    )
    rows = (course / "out/gradebook.csv").read_text().split("\n")
    assert len(rows) == len(told) + 2
    assert any(row.startswith("'=2+5,") for row in rows)
    second_run_keeps_everything(course)


def second_run_keeps_everything(course: Path) -> None:
    before = (course / "out/journal.jsonl").read_text()
    done = grade("--only-changed")
    assert "(11 kept)" in done
    assert (course / "out/journal.jsonl").read_text() == before


def test_only_what_changed_is_graded_again(quick: Path) -> None:
    grade()
    (quick / "subs/bob.py").write_text("12345")
    done = grade("--only-changed")
    assert "bob: 5 of 10" in done
    assert "ada" not in done
    assert scores(quick) == {"ada": 8.0, "bob": 5.0}


def test_a_changed_assignment_changes_everything(quick: Path) -> None:
    grade()
    (quick / "hw.yaml").write_text(ASSIGNMENT.replace("points: 10", "points: 20"))
    done = grade("--only-changed")
    assert "ada: " in done
    assert "bob: " in done


def test_after_the_assignment_changed_a_resumed_run_grades_everybody_again(quick: Path) -> None:
    grade()
    (quick / "hw.yaml").write_text(ASSIGNMENT.replace("points: 10", "points: 20"))
    done = grade("--resume")
    assert "the assignment changed since: everybody is graded again" in done
    assert "kept" not in done


def test_one_student_is_not_graded_by_another_version_of_the_assignment_than_the_others(quick: Path) -> None:
    grade()
    before = (quick / "out/journal.jsonl").read_bytes()
    (quick / "bowl.yaml").write_text(SPEC + "# another\n")
    assert "run without --student" in grade("--student", "bob", code=2)
    assert (quick / "out/journal.jsonl").read_bytes() == before


def test_submissions_named_like_the_graders_files_are_graded(quick: Path) -> None:
    for name in ("journal.jsonl", "gradebook.csv", "index.html", "report.json", "Report.JSON"):
        (quick / "subs" / f"{name}.py").write_text("1234")
    for more in ((), ("--resume",)):
        grade(*more)
        assert scores(quick)["report.json"] == 4.0
        assert len(scores(quick)) == 7


def test_what_ends_an_import_is_said_once_for_all_questions(course: Path) -> None:
    second = QUESTION.replace("name: bowl", "name: again").replace("entry: grad,", "entry: grad, forbid: [autodiff],")
    (course / "hw.yaml").write_text(ASSIGNMENT + second)
    subs = course / "subs"
    (subs / "ada.py").write_text("import sympy\n" + RIGHT)
    (subs / "bob.py").write_text("import os\n\nos.system('cls')\n" + RIGHT)
    (subs / "eve.py").write_text(RIGHT + "name = input('your name: ')\n")
    (subs / "kim.py").write_text(RIGHT + "huge = np.ones((100_000, 100_000))\n")
    (subs / "leo.py").write_text(RIGHT + "raise SystemExit\n")
    grade()
    found = report_in(course / "out")
    told = {s["student"]: (s["status"], s["student_note"]) for s in found["students"]}
    allowed = "You can import Python's own modules and numpy, math; remove the other imports, and what needs them."
    failed = "Your file could not be imported. Python says:"
    assert told["ada"] == ("import-error", f"{failed} ModuleNotFoundError: No module named 'sympy' (line 1). {allowed}")
    assert told["bob"][0] == "policy-violation"
    assert "It tried to start another program or process (os.system('cls'), line 3)." in told["bob"][1]
    assert told["eve"][0] == "import-error"
    assert "remove the calls of input()" in told["eve"][1]
    assert told["kim"] == (
        "memory",
        "While it was imported, your file asked for more memory than the 512 MB that it may use.",
    )
    assert told["leo"][0] == "import-error"
    for name in told:
        questions = student(found, name)["questions"]
        assert {q["student"] for q in questions} == {
            "Your file could not be imported, so nothing in it could be called."
        }
        assert [bool(q["flags"]) for q in questions] == [name in ("ada", "bob"), False]


def test_a_call_that_is_not_allowed_is_named_with_its_line(course: Path) -> None:
    (course / "subs/bob.py").write_text("import os\n" + RIGHT.replace("    return", "    os.system('cls')\n    return"))
    grade()
    (question,) = student(report_in(course / "out"), "bob")["questions"]
    assert question["status"] == "policy-violation"
    assert question["student"] == (
        "`grad` tried to do something that submissions may not do.\n"
        "It tried to start another program or process (os.system('cls'), line 6)."
    )


def test_a_submission_named_like_a_module_does_not_take_its_place_in_the_grader(course: Path) -> None:
    mark = course / "mark"
    for name in ("json", "numpy", "tempfile"):
        (course / f"subs/{name}.py").write_text(f"open({str(mark)!r}, 'w')\n" + RIGHT)
    program = Path(sys.executable).with_name("gradverify")
    done = subprocess.run(
        [program, "grade", "../hw.yaml", ".", "--out", "../out", "-j", "1", "--min-isolation", LEVEL],
        cwd=course / "subs", capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not mark.exists()


def test_a_pipe_among_the_submissions_is_refused_and_never_opened(course: Path) -> None:
    os.mkfifo(course / "subs/pipe.py")
    os.mkfifo(course / "subs/pipe.zip")
    (course / "subs/carol").mkdir()
    (course / "subs/carol/hw.py").write_text(RIGHT)
    os.mkfifo(course / "subs/carol/data.txt")
    done = run("grade", *ARGUMENTS, "--only-changed", cwd=course, timeout=100)
    assert done.returncode == 0, done.stderr
    told = {s["student"]: s["status"] for s in report_in(course / "out")["students"]}
    assert told == {"ada": "ok", "bob": "partial", **dict.fromkeys(("carol", "pipe.py", "pipe.zip"), "missing")}


def test_a_name_that_is_not_utf_8_is_graded(course: Path) -> None:
    try:
        Path(os.fsdecode(bytes(course / "subs") + b"/ren\xe9.py")).write_text(RIGHT)
        Path(os.fsdecode(bytes(course / "subs") + b"/ren\xea.py")).write_text(RIGHT)
    except OSError:
        pytest.skip("the file system takes UTF-8 names alone")
    folder = Path(os.fsdecode(bytes(course / "subs") + b"/zo\xeb"))
    folder.mkdir()
    (folder / "hw.py").write_text(RIGHT)
    (folder / os.fsdecode(b"\xff.txt")).write_text("notes")
    grade()
    assert scores(course) == {
        "ada": 10.0, "bob": 5.0, "ren\ufffd.py": 10.0, "ren\ufffd.py'": 10.0, "zo\ufffd": 10.0
    }  # fmt: skip
    assert "(5 kept)" in grade("--only-changed")


@pytest.mark.parametrize(
    ("target", "more", "told"),
    [
        ("hw.yaml", (), "has to end in .zip"),
        ("kit", (), "has to end in .zip"),
        ("other.zip", (), "is no zip archive"),
        ("folder.zip", (), "is no zip archive"),
        ("nowhere/kit.zip", (), "there is no folder nowhere"),
        ("kit.zip", ("subs",), "takes no SUBMISSIONS"),
    ],
)
def test_gradescopes_archive_overwrites_nothing_else(
    target: str, more: tuple[str, ...], told: str, course: Path
) -> None:
    (course / "hw.secret").unlink()
    (course / "other.zip").write_text("mine")
    (course / "folder.zip").mkdir()
    before = (course / "hw.yaml").read_bytes()
    done = run("grade", "hw.yaml", *more, "--init-gradescope", target, cwd=course)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
    assert (course / "hw.yaml").read_bytes() == before
    assert (course / "other.zip").read_text() == "mine"
    assert not (course / "hw.secret").exists()
    assert not (course / "kit.zip").exists()


def test_a_gradescope_archive_that_fails_leaves_no_secret(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradverify.grading import gradescope_kit

    def fails(archive: object) -> None:
        raise gradescope_kit.KitError("the package gradverify is not installed")

    (course / "hw.secret").unlink()
    monkeypatch.setattr(gradescope_kit, "_add_packages", fails)
    with pytest.raises(click.UsageError, match="is not installed"):
        CliRunner().invoke(
            command_module.command, ["hw.yaml", "--init-gradescope", "kit.zip"], standalone_mode=False,
            catch_exceptions=False,
        )  # fmt: skip
    assert sorted(p.name for p in course.iterdir()) == ["bowl.yaml", "hw.yaml", "subs"]


def test_an_autograder_folder_that_is_not_there_is_a_wrong_command_line(course: Path) -> None:
    (course / "empty").mkdir()
    for root in ("nonexistent", "empty"):
        done = run("grade", "hw.yaml", "--autograder", root, "--min-isolation", LEVEL, cwd=course)
        assert done.returncode == 2
        assert "there is no" in done.stderr
    assert not (course / "nonexistent").exists()


@pytest.mark.parametrize("out", ["subs", "subs/out", "other/../subs/out"])
def test_results_do_not_go_among_the_submissions(out: str, course: Path) -> None:
    done = run("grade", "hw.yaml", "subs", "--out", out, "--min-isolation", LEVEL, cwd=course)
    assert done.returncode == 2
    assert "choose one outside it" in " ".join(done.stderr.split())
    assert sorted(p.name for p in (course / "subs").iterdir()) == ["ada.py", "bob.py"]


def test_an_interrupted_run_goes_on_where_it_stopped(quick: Path) -> None:
    grade()
    journal = quick / "out/journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:3]) + lines[3][:40])  # it was writing when it was stopped
    done = grade("--resume")
    assert "1 kept" in done
    assert scores(quick) == {"ada": 8.0, "bob": 3.0}


def test_those_for_whom_the_grader_failed_are_graded_again(quick: Path) -> None:
    (quick / "subs/dies.py").write_text(RIGHT)
    grade(code=3)
    assert "dies" in grade("--resume", code=3)


def test_there_is_nothing_to_resume_without_a_journal(quick: Path) -> None:
    assert "nothing to go on from" in grade("--resume", code=2)


def test_one_student_is_graded_and_the_others_results_stay(quick: Path) -> None:
    grade()
    (quick / "subs/ada.py").write_text("1")
    (quick / "subs/bob.py").write_text("1234567")
    assert "bob: 7 of 10" in grade("--student", "bob")
    assert scores(quick) == {"ada": 8.0, "bob": 7.0}


def test_an_unknown_student_is_told_the_nearest_name(quick: Path) -> None:
    assert "did you mean `bob`" in grade("--student", "bab", code=2)


def test_a_folder_without_submissions_selects_nothing(course: Path) -> None:
    (course / "none").mkdir()
    assert run("grade", "hw.yaml", "none", "--out", "out", "--min-isolation", LEVEL, cwd=course).returncode == 5


def test_faults_of_the_assignment_stop_the_run_before_anybody_is_graded(course: Path) -> None:
    (course / "hw.yaml").write_text(ASSIGNMENT.replace("points:", "pionts:"))
    done = grade(code=2)
    assert "hw.yaml:4:18: error[unknown-key]" in done
    assert "did you mean `points`?" in done
    assert not (course / "out").exists()


def test_the_instructors_own_mistake_is_the_instructors(course: Path) -> None:
    (course / "bowl.yaml").write_text(SPEC.replace("cos(y)]", "sin(y)]"))
    done = grade(code=2)
    assert "hw.yaml:4:5: question `bowl`: the spec itself does not pass" in done


def test_below_the_wanted_isolation_nobody_is_graded(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradverify.sandbox.probe_level", lambda: Level("rlimits", {}))
    done = CliRunner().invoke(command_module.command, ["hw.yaml", "subs", "--out", "out"], standalone_mode=False)
    assert done.return_value == 2
    assert "`rlimits`" in done.output
    assert "--min-isolation rlimits" in done.output
    assert not (course / "out").exists()


def test_the_levels_of_the_option_are_those_of_the_sandbox() -> None:
    assert command_module.LEVELS == LEVELS


class Told:
    """What a session tells."""

    def __init__(self) -> None:
        self.results: dict[str, StudentResult] = {}

    def __call__(self, result: StudentResult) -> None:
        self.results[result.student] = result


def session(tmp_path: Path, command: Sequence[str], **more: Any) -> Session:
    return Session(assignment_in(tmp_path), SECRET.encode(), command=tuple(command), **more)


def submissions(*names: str) -> list[Submission]:
    return [Submission(name, (Path(f"{name}.py"),)) for name in names]


def test_a_grading_process_that_dies_or_lies_costs_one_student_a_grader_error(tmp_path: Path) -> None:
    told = Told()
    missed = session(tmp_path, LIAR, jobs=2).grade(
        submissions("ada", "dies", "bob", "babbles", "carol", "forges", "dan"), told
    )
    assert missed == []
    failed = {name for name, result in told.results.items() if result.status is Status.GRADER_ERROR}
    assert failed == {"dies", "babbles", "forges"}
    assert all(told.results[name].score == 1.0 for name in ("ada", "bob", "carol", "dan"))
    assert "not your fault" in told.results["dies"].questions[0].student


def test_a_grading_process_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "_seconds", lambda self: 1.0)
    told = Told()
    session(tmp_path, LIAR).grade(submissions("hangs", "ada"), told)
    assert told.results["hangs"].status is Status.GRADER_ERROR
    assert told.results["ada"].status is Status.OK


def test_a_grading_process_that_cannot_start_is_said_to_be_ours(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="cannot be started"):
        session(tmp_path, (sys.executable, "-c", "raise SystemExit(1)")).grade(submissions("ada"), Told())


def test_a_grader_error_is_exit_code_three_and_no_score(quick: Path) -> None:
    (quick / "subs/dies.py").write_text(RIGHT)
    grade(code=3)
    assert "dies,grader-error,,10," in (quick / "out/gradebook.csv").read_text()
    assert "ada,ok,8," in (quick / "out/gradebook.csv").read_text()


def test_gradescopes_archive_grades_a_submission_where_gradescope_puts_it(course: Path) -> None:
    done = run("grade", "hw.yaml", "--init-gradescope", "kit.zip", cwd=course)
    assert done.returncode == 0, done.stderr
    root = course / "autograder"
    with zipfile.ZipFile(course / "kit.zip") as archive:
        assert {"setup.sh", "run_autograder"} <= set(archive.namelist())
        assert not any("tests/" in name for name in archive.namelist())
        archive.extractall(root / "source")
    (root / "submission").mkdir()
    (root / "submission/hw.py").write_text(WRONG)
    (root / "submission_metadata.json").write_text(json.dumps({"users": [{"email": "bob@example.org", "name": "Bob"}]}))
    subprocess.run(
        ["bash", str(root / "source/run_autograder")], check=True, cwd=course, timeout=120, capture_output=True,
        env=os.environ | {"AUTOGRADER": str(root), "PYTHON": sys.executable, "MIN_ISOLATION": LEVEL},
    )  # fmt: skip
    results = json.loads((root / "results/results.json").read_text())
    assert results["score"] == 5.0
    assert "one of its terms has the wrong sign" in results["tests"][0]["output"]
    assert "1 of 2 components is right" in results["tests"][0]["output"]


def test_gradescope_gets_a_result_even_if_the_grader_cannot_start(course: Path) -> None:
    run("grade", "hw.yaml", "--init-gradescope", "kit.zip", cwd=course)
    root = course / "autograder"
    with zipfile.ZipFile(course / "kit.zip") as archive:
        archive.extractall(root / "source")
    subprocess.run(
        ["bash", str(root / "source/run_autograder")], check=True, timeout=60, capture_output=True,
        env=os.environ | {"AUTOGRADER": str(root), "PYTHON": "/bin/false"},
    )  # fmt: skip
    assert "not your fault" in json.loads((root / "results/results.json").read_text())["output"]


def test_an_interrupt_ends_the_run_and_keeps_what_is_done(course: Path) -> None:
    (course / "temporary").mkdir(mode=0o711)
    (course / "hw.yaml").write_text(ASSIGNMENT + "limits: {seconds: 300}\n")
    (course / "subs/zz.py").write_text("while True:\n    pass\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "gradverify", "grade", *ARGUMENTS], cwd=course, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(course / "temporary")},
    )  # fmt: skip
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert seen[0].startswith("ada: ")
    assert "interrupted; 2 students" in rest
    assert process.returncode == 130
    assert list((course / "temporary").iterdir()) == []
    found = report_in(course / "out")
    assert (found["interrupted"], found["not_graded"]) == (True, ["zz"])
    (course / "subs/zz.py").write_text(RIGHT)
    assert "zz: 10 of 10" in grade("--resume")
