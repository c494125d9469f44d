"""`gradverify grade`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import Jobs, blocked, color_option, option, plugin_option

if TYPE_CHECKING:
    from gradverify.grading.bench import Plan
    from gradverify.grading.model import Assignment
    from gradverify.plugins import Plugins

LEVELS = ("none", "rlimits", "seccomp", "landlock", "full")  # gradverify.sandbox.LEVELS; a test compares them
DEFAULT_LEVEL = "landlock"  # files, network and processes are out of reach
FORMATS = ("gradescope", "prairielearn", "coursera", "check50")
SECRET_ENDING = ".secret"


@click.command("grade", short_help="Grade students' gradients: an assignment and a folder of submissions.")
@click.argument("assignment", type=click.Path(path_type=Path))
@click.argument("submissions", type=click.Path(path_type=Path), required=False)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where results go.")
@option(
    "--format", "formats", multiple=True, type=click.Choice(FORMATS), default=("gradescope",), show_default=True,
    help="The platforms whose files each student's folder gets (repeatable).",
)  # fmt: skip
@click.option("--student", "students", multiple=True, metavar="NAME", help="Grade this student only (repeatable).")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run: keep the results in DIR/journal.jsonl.")
@click.option("--only-changed", is_flag=True, help="Grade only students whose submission, or whose grader, changed.")
@option("-j", "--jobs", type=Jobs(), default="auto", metavar="N", help="Processes; default: the usable cores.")
@option(
    "--min-isolation", type=click.Choice(LEVELS), default=DEFAULT_LEVEL, show_default=True,
    help="Refuse to grade where submissions cannot be confined that well; `gradverify doctor` says how well they can.",
)  # fmt: skip
@option(
    "--secret", type=click.Path(path_type=Path), metavar="FILE",
    help="What hidden points are drawn from; default: beside the assignment, made on the first use.",
)  # fmt: skip
@click.option(
    "--init-gradescope", type=click.Path(path_type=Path), metavar="ZIP",
    help="Write Gradescope's autograder for this assignment, and stop.",
)  # fmt: skip
@click.option(
    "--autograder", type=click.Path(path_type=Path), metavar="ROOT",
    help="Inside Gradescope: grade ROOT/submission, write ROOT/results/results.json.",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Read and check the assignment, and stop.")
@plugin_option
@click.option("-q", "--quiet", is_flag=True, help="The summary line alone.")
@color_option
def command(
    assignment: Path,
    submissions: Path | None,
    out: Path | None,
    formats: tuple[str, ...],
    students: tuple[str, ...],
    resume: bool,
    only_changed: bool,
    jobs: int,
    min_isolation: str,
    secret: Path | None,
    init_gradescope: Path | None,
    autograder: Path | None,
    check: bool,
    plugin: tuple[str, ...],
    quiet: bool,
    color: str,
) -> int:
    """Grade the submissions in the folder SUBMISSIONS by the file ASSIGNMENT.

    SUBMISSIONS has one file, folder or zip archive a student, or is a bulk download from Canvas, Moodle or Gradescope.
    DIR receives report.json, gradebook.csv, index.html and a folder for each student.

    Exit codes: 0 everybody was graded, whatever the scores; 2 the assignment or the command line is wrong, or
    submissions cannot be confined; 3 the grader failed for somebody; 5 there are no submissions; 130 interrupted.
    """
    from gradverify.grading.held import OutError
    from gradverify.grading.hidden import SecretError, read_secret
    from gradverify.grading.session import GradingError
    from gradverify.run.limits import single_threaded

    single_threaded()
    from gradverify.plugins import load_plugins

    plugins = load_plugins(blocked(plugin))
    found = _assignment(assignment, plugins, color)
    if isinstance(found, int):
        return found
    loaded, plans = found
    if check:
        return _describe(loaded)
    if init_gradescope is not None:
        _require_room_for_kit(loaded, submissions, init_gradescope)
    elif autograder is not None:
        _require_submission(autograder)
    elif submissions is None or out is None:
        missing = "SUBMISSIONS" if submissions is None else "--out DIR"
        raise click.UsageError(f"missing {missing}: gradverify grade ASSIGNMENT SUBMISSIONS --out DIR")
    try:
        text, new = read_secret(secret or assignment.with_suffix(SECRET_ENDING))
    except SecretError as error:
        raise click.UsageError(str(error)) from None
    if new and any(q.hidden for q in loaded.questions):
        place = secret or assignment.with_suffix(SECRET_ENDING)
        click.echo(f"gradverify: hidden points come from the new secret {place}: keep it", err=True)
    if init_gradescope is not None:
        return _write_kit(
            loaded, text, init_gradescope, (secret or assignment.with_suffix(SECRET_ENDING)) if new else None
        )
    from gradverify.cli.grade_run import Run

    refused = _refused(min_isolation)
    if refused is not None:
        return refused
    run = Run(loaded, plans, text, plugins.block, jobs, quiet)
    try:
        if autograder is not None:
            return run.inside_gradescope(autograder)
        assert submissions is not None
        assert out is not None
        return run.whole(submissions, out, formats, students, resume=resume, only_changed=only_changed)
    except OutError as error:
        raise click.UsageError(str(error)) from None
    except GradingError as error:
        click.echo(f"gradverify: {error}", err=True)
        return Exit.INTERNAL


def _assignment(path: Path, plugins: Plugins, color: str) -> tuple[Assignment, dict[str, Plan]] | int:
    """The assignment, with every question tried on its instructor's own answer; or the exit code."""
    from gradverify.cli.engine import print_faults
    from gradverify.grading.assignment import load_assignment
    from gradverify.grading.bench import BenchError, check_bench, make_bench

    parsed = load_assignment(path, plugins.backend_options(), tuple(plugins.loaders))
    if parsed.assignment is None:
        print_faults(parsed.faults, color)
        count = len(parsed.faults)
        click.echo(
            f"gradverify: {count} fault{'' if count == 1 else 's'} in the assignment; nobody was graded", err=True
        )
        return Exit.USAGE
    broken = []
    plans: dict[str, Plan] = {}
    for question in parsed.assignment.questions:
        try:
            bench = make_bench(question, plugins)
            check_bench(bench, plugins)
            plans[question.name] = bench.plan
        except BenchError as error:
            place = question.place
            broken.append(f"{place.file}:{place.line}:{place.column}: question `{question.name}`: {error}")
    for sentence in broken:
        click.echo(f"gradverify: {sentence}", err=True)
    if broken:
        click.echo("gradverify: the assignment is wrong; nobody was graded", err=True)
        return Exit.USAGE
    return parsed.assignment, plans


def _describe(assignment: Assignment) -> int:
    for question in assignment.questions:
        extra = " (extra credit)" if question.extra else ""
        click.echo(f"{question.name}: {question.kind} by `{question.entry}`, {question.points:g} points{extra}")
    count = len(assignment.questions)
    questions = f"{count} question{'' if count == 1 else 's'}"
    click.echo(f"{assignment.name}: {questions}, {assignment.max_score:g} points, no fault")
    return Exit.OK


def _refused(minimum: str) -> int | None:
    from gradverify.sandbox import LEVELS as KNOWN
    from gradverify.sandbox import probe_level

    level = probe_level()
    if level.rank >= KNOWN.index(minimum):
        return None
    click.echo(
        f"gradverify: submissions can only be confined at level `{level.name}` here, and `{minimum}` is wanted: nobody"
        f" was graded.\n`gradverify doctor` says what is missing. If you trust the submissions all the same:"
        f" --min-isolation {level.name}",
        err=True,
    )
    return Exit.USAGE


def _require_room_for_kit(assignment: Assignment, submissions: Path | None, target: Path) -> None:
    """Before a secret is made and anything is overwritten."""
    import zipfile

    from gradverify.grading.gradescope_kit import KitError, assignment_files

    if submissions is not None:
        raise click.UsageError(
            "--init-gradescope takes no SUBMISSIONS: gradverify grade ASSIGNMENT --init-gradescope ZIP"
        )
    if target.suffix.lower() != ".zip":
        raise click.UsageError(f"--init-gradescope {target}: the archive's name has to end in .zip")
    if os.path.lexists(target) and not (target.is_file() and zipfile.is_zipfile(target)):
        raise click.UsageError(f"--init-gradescope {target}: it is there already and is no zip archive; choose another")
    folder = target.parent
    if not folder.is_dir():
        raise click.UsageError(f"--init-gradescope {target}: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise click.UsageError(f"--init-gradescope {target}: nothing can be written in {folder}")
    try:
        assignment_files(assignment)
    except KitError as error:
        raise click.UsageError(str(error)) from None


def _require_submission(root: Path) -> None:
    if not root.is_dir():
        raise click.UsageError(f"--autograder {root}: there is no such folder")
    if not os.path.lexists(root / "submission"):
        raise click.UsageError(f"--autograder {root}: there is no {root / 'submission'}")


def _write_kit(assignment: Assignment, secret: bytes, target: Path, made: Path | None) -> int:
    """Write the archive; where that fails, the secret that was made for it is left nowhere."""
    from gradverify.grading.gradescope_kit import KitError, write_kit

    try:
        write_kit(assignment, secret, target)
    except BaseException as error:
        if made is not None:
            made.unlink(missing_ok=True)
        if isinstance(error, KitError):
            raise click.UsageError(str(error)) from None
        raise
    click.echo(f"wrote {target}: upload it as the autograder of a Gradescope programming assignment")
    return Exit.OK
