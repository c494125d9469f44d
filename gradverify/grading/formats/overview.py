"""index.html: what an instructor looks at first. Scores, the commonest mistakes, every question, every student."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

from gradverify.grading.formats.page import document, escape
from gradverify.grading.formats.text import fraction, number, points
from gradverify.grading.model import GradeReport, QuestionResult, Status, StudentResult

BINS = 10  # of the score distribution
WIDTH, HEIGHT = 620, 160
MOST_MISTAKES = 15


def render_overview(report: GradeReport, folders: Mapping[str, str]) -> str:
    """The overview. folders: each student's folder, beside this file."""
    parts = [f"<h1>{escape(report.title)}</h1>", _summary(report)]
    if report.students:
        parts += [_distribution(report), _mistakes(report), _questions(report), _students(report, folders)]
    return document(report.title, "\n".join(parts))


def _summary(report: GradeReport) -> str:
    known = [s.score for s in report.students if s.status is not Status.GRADER_ERROR]
    count = len(report.students)
    text = [f"{count} student{'' if count == 1 else 's'}"]
    if known:
        middle, mean = number(round(statistics.median(known), 2)), number(round(statistics.fmean(known), 2))
        text.append(f"median {middle}, mean {mean} of {number(report.max_score)} points")
    level = str(report.isolation.get("level", "unknown"))
    text.append(f"submissions confined at level {level}")
    out = [f"<p>{escape('; '.join(text))}.</p>"]
    broken = [s.student for s in report.students if s.status is Status.GRADER_ERROR]
    if broken:
        names = ", ".join(broken[:10])
        out.append(f'<p class="flag">The grader failed for {len(broken)}: {escape(names)}. Their score is unknown.</p>')
    if report.interrupted:
        out.append(f'<p class="flag">Interrupted: {len(report.not_graded)} students were not graded.</p>')
    out += [f'<p class="note">{escape(note)}</p>' for note in report.notes]
    return "".join(out)


def _distribution(report: GradeReport) -> str:
    """Bars over tenths of full marks."""
    counts = [0] * BINS
    for student in report.students:
        if student.status is not Status.GRADER_ERROR:
            counts[min(BINS - 1, int(fraction(student) * BINS))] += 1
    tallest = max(*counts, 1)
    width = WIDTH / BINS
    bars = []
    for index, count in enumerate(counts):
        height = (HEIGHT - 40) * count / tallest
        x, y = index * width + 4, HEIGHT - 20 - height
        low, high = 100 * index // BINS, 100 * (index + 1) // BINS
        bars.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 8:.1f}" height="{height:.1f}">'
            f"<title>{low}–{high} %: {count}</title></rect>"
            f'<text x="{x:.1f}" y="{HEIGHT - 5}">{low} %</text>'
        )
        if count:
            bars.append(f'<text x="{x:.1f}" y="{y - 4:.1f}">{count}</text>')
    return (
        f'<h2>Scores</h2><svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img"'
        f' aria-label="How many students have which share of full marks">{"".join(bars)}</svg>'
    )


def _mistakes(report: GradeReport) -> str:
    """The diagnoses by the number of students that have them."""
    counts: Counter[tuple[str, str]] = Counter()
    for student in report.students:
        counts.update({(d.fault.value, q.name) for q in student.questions for d in q.diagnosis})
    if not counts:
        return "<h2>Mistakes</h2><p>None was diagnosed.</p>"
    rows = "".join(
        f'<tr><td>{escape(fault)}</td><td>{escape(question)}</td><td class="n">{count}</td></tr>'
        for (fault, question), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_MISTAKES]
    )
    return (
        "<h2>Most common mistakes</h2><table><tr><th>mistake</th><th>question</th>"
        f'<th class="n">students</th></tr>{rows}</table>'
    )


def _questions(report: GradeReport) -> str:
    rows = []
    for name in report.questions:
        results = [q for s in report.students for q in s.questions if q.name == name]
        if not results:
            continue
        known = [q.score for q in results if q.status is not Status.GRADER_ERROR]
        mean = number(round(statistics.fmean(known), 2)) if known else "—"
        statuses = Counter(q.status.value for q in results)
        told = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
        rows.append(
            f'<tr><td>{escape(name)}</td><td class="n">{mean}</td><td class="n">{number(results[0].max_score)}</td>'
            f"<td>{escape(told)}</td></tr>"
        )
    return (
        '<h2>Questions</h2><table><tr><th>question</th><th class="n">mean</th><th class="n">of</th>'
        f"<th>status</th></tr>{''.join(rows)}</table>"
    )


def _students(report: GradeReport, folders: Mapping[str, str]) -> str:
    rows = "".join(_student(student, folders) for student in report.students)
    return (
        '<h2>Students</h2><table><tr><th>student</th><th>status</th><th class="n">score</th><th>for staff</th></tr>'
        f"{rows}</table>"
    )


def _student(student: StudentResult, folders: Mapping[str, str]) -> str:
    name = escape(student.student)
    folder = folders.get(student.student)
    if folder is not None:
        name = f'<a href="{escape(quote(folder))}/feedback.html">{name}</a>'
    score = "—" if student.status is Status.GRADER_ERROR else points(student.score, student.max_score)
    flags = "".join(
        f'<p class="flag">{escape(question.name)}: {escape(flag.kind.value)}: {escape(flag.evidence)}</p>'
        for question in student.questions
        for flag in question.flags
    )
    told = "".join(_staff(question) for question in student.questions)
    note = f"<p>{escape(student.staff_note)}</p>" if student.staff_note else ""
    details = f"<details><summary>details</summary>{told}</details>" if told else ""
    return (
        f'<tr><td>{name}</td><td>{escape(student.status.value)}</td><td class="n">{escape(score)}</td>'
        f"<td>{note}{flags}{details}</td></tr>"
    )


def _staff(question: QuestionResult) -> str:
    head = f"{question.name}: {points(question.score, question.max_score)}"
    return f"<pre>{escape(head)}\n{escape(question.staff)}</pre>"
