"""One run of `gradverify grade`: who is graded, whose results are kept, what is written, and how it is concluded."""

from __future__ import annotations

import difflib
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

import gradverify
from gradverify.cli.exits import Exit
from gradverify.cli.grade_bar import Bar
from gradverify.grading.archive import digest_of
from gradverify.grading.assignment import fingerprint
from gradverify.grading.bench import Plan
from gradverify.grading.bulk import is_bulk_archive
from gradverify.grading.formats.gradescope import render_gradescope
from gradverify.grading.gradescope_kit import submission_in
from gradverify.grading.held import held, writing
from gradverify.grading.intake import Intake, Submission, find_submissions, folder_names
from gradverify.grading.journal import FILE, Earlier, Journal, JournalError, usable
from gradverify.grading.model import Assignment, GradeReport, StudentResult
from gradverify.grading.names import shown_names
from gradverify.grading.output import folders_of_others, students_in, write_course, write_student, write_whole
from gradverify.grading.session import Session
from gradverify.report.safe_text import one_line
from gradverify.sandbox import probe_level

MOST_NAMED = 5  # folders in a note


class Run:
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

        with journal, Bar(len(todo), self.quiet, shown_names(folders)) as bar:
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


def _require_apart(out: Path, submissions: Path) -> None:
    """Results among the submissions would be taken for submissions the next time."""
    try:
        inside = out.resolve().is_relative_to(submissions.resolve())
    except (OSError, RuntimeError) as error:
        raise click.UsageError(f"--out {out} cannot be used: {error}") from None
    if inside:
        raise click.UsageError(f"--out {out} lies in the submissions' folder {submissions}; choose one outside it")


def _earlier(journal: Journal, out: Path, *, needed: bool, students: frozenset[str]) -> Earlier:
    """What an earlier run left; without `needed` that may be nothing. `students`: of whom alone the others' results
    are kept, so that these have to be readable, and of the same assignment."""
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
    if name in names:
        return name
    for student, told in shown_names(names).items():
        if told == name:
            return student
    raise click.UsageError(_no_student(name, names))


def _no_student(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    return f"--student {name}: there is no submission of that name{hint}"
