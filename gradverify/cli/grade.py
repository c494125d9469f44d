"""`gradverify grade`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import Jobs, blocked, color_option, option, plugin_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.progress import Progress

    from gradverify.grading.bench import Plan
    from gradverify.grading.intake import Intake, Submission
    from gradverify.grading.journal import Earlier, Journal
    from gradverify.grading.model import Assignment, GradeReport, StudentResult
    from gradverify.grading.session import Session
    from gradverify.plugins import Plugins

LEVELS = ("none", "rlimits", "seccomp", "landlock", "full")  # gradverify.sandbox.LEVELS; a test compares them
DEFAULT_LEVEL = "landlock"  # files, network and processes are out of reach
FORMATS = ("gradescope", "prairielearn", "coursera", "check50")
SECRET_ENDING = ".secret"
REDRAW_SECONDS = 0.1
MOST_NAMED = 5  # folders in a note


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
    refused = _refused(min_isolation)
    if refused is not None:
        return refused
    run = _Run(loaded, plans, text, plugins.block, jobs, quiet)
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


def _require_apart(out: Path, submissions: Path) -> None:
    """Results among the submissions would be taken for submissions the next time."""
    try:
        inside = out.resolve().is_relative_to(submissions.resolve())
    except (OSError, RuntimeError) as error:
        raise click.UsageError(f"--out {out} cannot be used: {error}") from None
    if inside:
        raise click.UsageError(f"--out {out} lies in the submissions' folder {submissions}; choose one outside it")


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


class _Run:
    """One run of the command."""

    def __init__(
        self,
        assignment: Assignment,
        plans: dict[str, Plan],
        secret: bytes,
        block: tuple[str, ...],
        jobs: int,
        quiet: bool,
    ) -> None:
        from gradverify.grading.session import Session

        self.assignment, self.secret, self.quiet = assignment, secret, quiet
        self.session: Session = Session(assignment, secret, plans, block, jobs)
        self.started = time.time()

    def whole(
        self,
        submissions: Path,
        out: Path,
        formats: Sequence[str],
        students: Sequence[str],
        *,
        resume: bool,
        only_changed: bool,
    ) -> int:
        """Grade a folder."""
        from gradverify.grading.bulk import is_bulk_archive
        from gradverify.grading.held import held
        from gradverify.grading.intake import find_submissions

        if not os.path.lexists(submissions):
            raise click.UsageError(f"there is no file or folder {submissions}")
        _require_apart(out, submissions)
        if is_bulk_archive(submissions, self.assignment.submission_file):
            raise click.UsageError(
                f"{submissions} looks like a whole course's download, and would be graded as one student's submission:"
                " unpack it, and give the folder"
            )
        intake = find_submissions(submissions)
        if not intake.submissions:
            click.echo(f"gradverify: there are no submissions in {submissions}", err=True)
            return Exit.NOTHING
        names = [submission.student for submission in intake.submissions]
        wanted = frozenset(_named(name, names) for name in students)
        with held(out):
            return self._into(intake, out, formats, wanted, resume=resume, only_changed=only_changed)

    def _into(
        self,
        intake: Intake,
        out: Path,
        formats: Sequence[str],
        students: frozenset[str],
        *,
        resume: bool,
        only_changed: bool,
    ) -> int:
        """Grade what is to be graded. Until a student's new result is there, the one of the former run stays."""
        from gradverify.grading.archive import digest_of
        from gradverify.grading.assignment import fingerprint
        from gradverify.grading.held import writing
        from gradverify.grading.intake import folder_names
        from gradverify.grading.journal import FILE, Journal, usable
        from gradverify.grading.names import shown_names
        from gradverify.grading.output import folders_of_others, students_in, write_course, write_student

        names = [submission.student for submission in intake.submissions]
        journal = Journal(out / FILE, self.assignment.name, fingerprint(self.assignment, self.secret))
        earlier = _earlier(journal, out, needed=resume, students=students)
        if resume and not earlier.same:
            click.echo("gradverify: the assignment changed since: everybody is graded again", err=True)
        known = {result.student: result for result in (earlier.known if earlier.same else ())}
        kept: list[StudentResult] = []
        if students:
            kept = [result for result in earlier.done if result.student not in students]
        elif (resume or only_changed) and earlier.same:
            digests = {s.student: digest_of(s.sources) for s in intake.submissions}
            kept = [result for result in usable(earlier.done, digests) if result.student in names]
        results = {result.student: result for result in kept}
        former = [
            result
            for name, result in known.items()
            if name not in results and (students or name in names)  # whoever handed nothing in any more goes
        ]
        wanted = [s for s in intake.submissions if not students or s.student in students]
        todo = [s for s in wanted if s.student not in results]
        folders = folder_names(dict.fromkeys((*names, *known)))

        def write(result: StudentResult) -> None:
            with writing(out):
                write_student(
                    out, folders[result.student], result, self.assignment.name, self.assignment.title, formats
                )

        with journal, _Bar(len(todo), self.quiet, shown_names(folders)) as bar:
            with writing(out):
                journal.start(kept, former)

            def done(result: StudentResult) -> None:
                results[result.student] = result
                with writing(out):
                    journal.add(result)
                write(result)
                bar.done(result)

            for result in kept:
                write(result)
            missed = self.session.grade(todo, done, tick=bar.tick) if todo else []
        graded = len(results) - len(kept)
        results = {result.student: result for result in former} | results
        gone = [] if students else folders_of_others(out, [folders[name] for name in (*names, *results)])
        report = self._report(intake, results, missed, _no_longer(gone))
        lost = students_in(out) - results.keys() if missed or students else frozenset()
        if not students:
            lost &= set(names)
        if lost:
            click.echo(_kept_overview(out, len(lost)), err=True)
        else:
            with writing(out):
                write_course(out, report, folders)
            if missed:
                click.echo(_goes_on(len(missed)), err=True)
        return self._conclude(report, out, graded)

    def _report(
        self, intake: Intake, results: dict[str, StudentResult], missed: Sequence[str], notes: Sequence[str]
    ) -> GradeReport:
        from datetime import UTC, datetime

        import gradverify
        from gradverify.grading.model import GradeReport
        from gradverify.sandbox import probe_level

        level = probe_level()
        isolation = self.session.isolation or {"level": level.name, **level.details}
        order = dict.fromkeys((*(s.student for s in intake.submissions), *results))
        return GradeReport(
            gradverify=gradverify.__version__, assignment=self.assignment.name, title=self.assignment.title,
            started=datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            seconds=time.time() - self.started, isolation=isolation, max_score=self.assignment.max_score,
            students=tuple(results[name] for name in order if name in results),
            interrupted=bool(missed), not_graded=tuple(missed), notes=(*intake.notes, *notes),
            questions=tuple(question.name for question in self.assignment.questions),
        )  # fmt: skip

    def _conclude(self, report: GradeReport, out: Path, graded: int) -> int:
        from collections import Counter

        from gradverify.grading.names import shown_names
        from gradverify.report.safe_text import one_line

        names = shown_names(student.student for student in report.students)
        for note in report.notes:
            click.echo(f"gradverify: {one_line(note)}", err=True)
        broken = [s for s in report.students if s.status.value == "grader-error"]
        for student in broken[:10]:
            reasons = [q.staff.split("\n")[0] for q in student.questions if q.status.value == "grader-error"]
            click.echo(f"gradverify: {names[student.student]}: {one_line(reasons[0] if reasons else '')}", err=True)
        flagged = sum(any(q.flags for q in s.questions) for s in report.students)
        counts = Counter(s.status.value for s in report.students)
        told = ", ".join(f"{count} {status}" for status, count in counts.most_common())
        flags = f"; {flagged} with flags" if flagged else ""
        count = len(report.students)
        old = f" ({count - graded} kept)" if count > graded else ""
        interrupted = "interrupted; " if report.interrupted else ""
        told = f": {told}" if told else ""
        click.echo(
            f"{interrupted}{count} student{'' if count == 1 else 's'}{old}{told}{flags} in {report.seconds:.1f} s;"
            f" confined at level {report.isolation.get('level')}; see {out / 'index.html'}"
        )
        if report.interrupted:
            return Exit.INTERRUPTED
        return Exit.INTERNAL if broken else Exit.OK

    def inside_gradescope(self, root: Path) -> int:
        """Grade one submission where Gradescope put it; results are written after every question."""
        from gradverify.grading.formats.gradescope import render_gradescope
        from gradverify.grading.gradescope_kit import submission_in
        from gradverify.grading.held import writing
        from gradverify.grading.output import write_whole

        target = root / "results" / "results.json"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.UsageError(f"{target.parent} cannot be made: {error.strerror}") from None

        def write(result: StudentResult) -> None:
            with writing(target.parent):
                write_whole(target, render_gradescope(result, self.assignment.name))

        submission: Submission = submission_in(root)
        last: list[StudentResult] = []

        def done(result: StudentResult) -> None:
            write(result)
            last.append(result)

        self.session.jobs = 1
        self.session.grade([submission], done, partial=write)
        if not last:
            return Exit.INTERRUPTED
        return Exit.INTERNAL if last[0].status.value == "grader-error" else Exit.OK


def _earlier(journal: Journal, out: Path, *, needed: bool, students: frozenset[str]) -> Earlier:
    """What an earlier run left; without `needed` that may be nothing. `students`: of whom alone the others' results
    are kept, so that these have to be readable, and of the same assignment."""
    from gradverify.grading.journal import Earlier, JournalError
    from gradverify.grading.output import students_in

    try:
        earlier = journal.read()
    except JournalError as error:
        if needed:
            raise click.UsageError(str(error)) from None
        if students and students_in(out) - students:
            raise click.UsageError(
                f"the others' results in {out} cannot be kept ({error}): run without --student"
            ) from None
        return Earlier()
    if students and not earlier.same:
        raise click.UsageError(
            f"the assignment changed since the results in {out}: run without --student, so that all are graded"
            " by the same one"
        )
    mixed = students_in(out) - students - {result.student for result in earlier.known} if students else frozenset()
    if mixed:  # the journal is of a run that was interrupted before it reached them, and the overview of the former one
        count = "1 student" if len(mixed) == 1 else f"{len(mixed)} students"
        raise click.UsageError(
            f"the last run into {out} was interrupted before it reached {count}, whose results are still of another"
            " assignment: finish it with --resume first, which grades everybody by this one"
        )
    return earlier


def _kept_overview(out: Path, lost: int) -> str:
    rows = f"{lost} student{'' if lost == 1 else 's'}"
    return (
        f"gradverify: the gradebook and the overview in {out} are still those of the former run, which have {rows}"
        " more: --resume grades the rest and replaces them"
    )


def _goes_on(missed: int) -> str:
    rest = "1 student was" if missed == 1 else f"{missed} students were"
    return f"gradverify: {rest} not reached: the same command with --resume goes on from here"


def _no_longer(gone: Sequence[str]) -> list[str]:
    """Folders of whoever handed nothing in any more: they stay, since nothing of theirs is anywhere else."""
    if not gone:
        return []
    named = ", ".join(gone[:MOST_NAMED]) + (", …" if len(gone) > MOST_NAMED else "")
    what = "1 folder is" if len(gone) == 1 else f"{len(gone)} folders are"
    return [
        f"{what} of an earlier run, for students who are not among the submissions any more ({named}): nothing in"
        " there is of this run; remove them if you do not need them"
    ]


def _named(name: str, names: Sequence[str]) -> str:
    """The student that `--student` means, by the name or as the name is shown."""
    from gradverify.grading.names import shown_names

    if name in names:
        return name
    for student, told in shown_names(names).items():
        if told == name:
            return student
    raise click.UsageError(_no_student(name, names))


def _no_student(name: str, names: Sequence[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    return f"--student {name}: there is no submission of that name{hint}"


class _Bar:
    """A bar on a terminal, a line a student elsewhere."""

    def __init__(self, total: int, quiet: bool, names: Mapping[str, str]) -> None:
        self._names = names  # as people read them
        self._total, self._count, self._drawn = total, 0, 0.0
        terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._bar_wanted, self._lines = terminal and not quiet, not terminal and not quiet
        self._bar: Progress | None = None

    def __enter__(self) -> _Bar:
        if self._bar_wanted and self._total > 1:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

            self._bar = Progress(
                BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True,
                auto_refresh=False,
            )  # fmt: skip
            self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def done(self, result: StudentResult) -> None:
        """A student is graded."""
        from gradverify.grading.formats.text import points
        from gradverify.report.safe_text import cut

        self._count += 1
        if self._lines:
            name = cut(self._names[result.student], 60)
            click.echo(f"{name}: {points(result.score, result.max_score)}, {result.status.value}")

    def tick(self) -> None:
        """Time has passed."""
        if self._bar is None or time.monotonic() - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = time.monotonic()
        self._bar.update(self._bar.task_ids[0], completed=self._count, refresh=True)
