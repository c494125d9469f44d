"""index.html: what an instructor looks at first. Scores, the commonest mistakes, every question, every student."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

from gradverify.grading.formats.page import document, escape, table
from gradverify.grading.formats.text import fraction, heading, number, points
from gradverify.grading.model import GradeReport, QuestionResult, Status, StudentResult
from gradverify.grading.names import shown_names

BINS = 10  # of the score distribution
WIDTH, HEIGHT = 700, 180
MOST_MISTAKES = 15


def render_overview(report: GradeReport, folders: Mapping[str, str]) -> str:
    """The overview. folders: each student's folder, beside this file."""
    names = shown_names(student.student for student in report.students)
    links = {name: _link(told, folders.get(name)) for name, told in names.items()}
    parts = [f"<header><h1>{escape(report.title)}</h1>{_summary(report, names)}</header>", _facts(report)]
    if report.students:
        parts += [_distribution(report), _flags(report, links), _questions(report), _mistakes(report)]
        parts += [_students(report, links)]
    return document(report.title, "\n".join(part for part in parts if part))


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _status(status: Status) -> str:
    return f'<span class="status {escape(status.value)}">{escape(status.value)}</span>'


def _link(told: str, folder: str | None) -> str:
    name = escape(told)
    return name if folder is None else f'<a href="{escape(quote(folder))}/feedback.html">{name}</a>'


def _summary(report: GradeReport, names: Mapping[str, str]) -> str:
    level = str(report.isolation.get("level", "unknown"))
    out = [f'<p class="quiet">{escape(f"Graded {report.started}; submissions were confined at level {level}.")}</p>']
    broken = [names[s.student] for s in report.students if s.status is Status.GRADER_ERROR]
    if broken:
        some = ", ".join(broken[:10])
        told = f"The grader failed for {len(broken)}: {some}. Their score is unknown."
        out.append(f'<p class="alert">{escape(told)}</p>')
    if report.interrupted:
        count = len(report.not_graded)
        told = f"Interrupted: {count} student{' was' if count == 1 else 's were'} not graded."
        if not {s.student for s in report.students}.isdisjoint(report.not_graded):
            told += " Where they have a row, it is the former run's."
        out.append(f'<p class="alert">{escape(told)}</p>')
    out += [f'<p class="quiet">{escape(note)}</p>' for note in report.notes]
    return "".join(out)


def _facts(report: GradeReport) -> str:
    """The numbers that everybody looks for first."""
    known = [s.score for s in report.students if s.status is not Status.GRADER_ERROR]
    flagged = sum(any(q.flags for q in s.questions) for s in report.students)
    facts = [("students", str(len(report.students)))]
    if known:
        facts += [
            ("median", number(round(statistics.median(known), 2))), ("mean", number(round(statistics.fmean(known), 2))),
        ]  # fmt: skip
    facts += [("full marks", number(report.max_score)), ("students with flags", str(flagged))]
    shown = "".join(f"<li><b>{escape(value)}</b><small>{escape(name)}</small></li>" for name, value in facts)
    return f'<ul class="facts">{shown}</ul>'


def _distribution(report: GradeReport) -> str:
    """Bars over tenths of full marks."""
    counts = [0] * BINS
    for student in report.students:
        if student.status is not Status.GRADER_ERROR:
            counts[min(BINS - 1, int(fraction(student) * BINS))] += 1
    tallest = max(*counts, 1)
    width, floor = WIDTH / BINS, HEIGHT - 24
    bars = [f'<line x1="0" y1="{floor}" x2="{WIDTH}" y2="{floor}"/>']
    for index, count in enumerate(counts):
        height = (floor - 30) * count / tallest
        x, y = index * width, floor - height
        low, high = 100 * index // BINS, 100 * (index + 1) // BINS
        middle = x + width / 2
        bars.append(
            f'<text class="axis" x="{middle:.1f}" y="{HEIGHT - 6}">{low}{" %" if index == BINS - 1 else ""}</text>'
        )
        if count:
            bars.append(
                f'<rect x="{x + 6:.1f}" y="{y:.1f}" width="{width - 12:.1f}" height="{height:.1f}" rx="3">'
                f"<title>{low}–{high} %: {count}</title></rect>"
                f'<text x="{middle:.1f}" y="{y - 5:.1f}">{count}</text>'
            )
    chart = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="How many students have which share of full marks">{"".join(bars)}</svg>'
    )
    return _section("Students by share of full marks, in tenths", chart)


def _flags(report: GradeReport, links: Mapping[str, str]) -> str:
    """Every flag, open: what staff has to look at must not have to be looked for."""
    rows = [
        f'<tr><td class="name">{links[student.student]}</td><td>{escape(question.name)}</td>'
        f'<td class="alert">{escape(flag.kind.value)}</td><td class="words">{escape(flag.evidence)}</td></tr>'
        for student in report.students
        for question in student.questions
        for flag in question.flags
    ]
    if not rows:
        return ""
    head = (("", "student"), ("", "question"), ("", "flag"), ("", "evidence"))
    note = '<p class="quiet">Evidence, not verdicts: read the code, and talk to the student.</p>'
    return _section("Flags: please look", note + table(head, "".join(rows), stack=True))


def _mistakes(report: GradeReport) -> str:
    """The diagnoses by the number of students that have them."""
    counts: Counter[tuple[str, str]] = Counter()
    for student in report.students:
        counts.update({(d.fault.value, q.name) for q in student.questions for d in q.diagnosis})
    if not counts:
        return _section("Most common mistakes", "<p>None was diagnosed.</p>")
    rows = "".join(
        f'<tr><td>{escape(fault)}</td><td>{escape(question)}</td><td class="n">{count}</td></tr>'
        for (fault, question), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_MISTAKES]
    )
    return _section("Most common mistakes", table((("", "mistake"), ("", "question"), ("n", "students")), rows))


def _questions(report: GradeReport) -> str:
    rows = []
    for name in report.questions:
        results = [q for s in report.students for q in s.questions if q.name == name]
        if not results:
            continue
        known = [q.score for q in results if q.status is not Status.GRADER_ERROR]
        mean = number(round(statistics.fmean(known), 2)) if known else "—"
        statuses = Counter(q.status for q in results)
        told = ", ".join(f"{count} {_status(status)}" for status, count in statuses.most_common())
        rows.append(
            f'<tr><td class="name">{escape(heading(results[0]))}</td><td class="n" data-name="mean">{mean}</td>'
            f'<td class="n" data-name="of">{number(results[0].max_score)}</td><td class="words">{told}</td></tr>'
        )
    head = (("", "question"), ("n", "mean"), ("n", "of"), ("", "how it went"))
    return _section("Questions", table(head, "".join(rows), stack=True))


def _students(report: GradeReport, links: Mapping[str, str]) -> str:
    rows = "".join(_student(student, links) for student in report.students)
    return _section("Students", table((("", "student"), ("", "status"), ("n", "score"), ("n", "flags")), rows))


def _student(student: StudentResult, links: Mapping[str, str]) -> str:
    score = "—" if student.status is Status.GRADER_ERROR else number(student.score)
    flags = sum(len(question.flags) for question in student.questions)
    told = "".join(_staff(question) for question in student.questions)
    note = f"<pre>{escape(student.staff_note)}</pre>" if student.staff_note else ""
    details = f"<details><summary>details for staff</summary>{note}{told}</details>"
    more = f'<tr class="more"><td colspan="4">{details}</td></tr>'
    return (
        f'<tr{" class=has-more" if note or told else ""}><td class="name">{links[student.student]}</td>'
        f'<td>{_status(student.status)}</td><td class="n">{escape(score)}</td>'
        f'<td class="n">{flags or ""}</td></tr>{more if note or told else ""}'
    )


def _staff(question: QuestionResult) -> str:
    head = f"{question.name}: {points(question.score, question.max_score)}"
    return f"<pre>{escape(head)}\n{escape(question.staff)}</pre>"
