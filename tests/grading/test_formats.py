"""What is written for students, staff and platforms: golden files, and rules that each platform has."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.grading.codec import render_report, report_from_data, student_from_data, student_to_data
from gradverify.grading.formats import PLATFORMS
from gradverify.grading.formats.feedback import render_html_feedback, render_markdown_feedback
from gradverify.grading.formats.gradebook import FORMULA, cell, render_gradebook
from gradverify.grading.formats.overview import render_overview
from gradverify.grading.model import StudentResult
from gradverify.grading.names import shown
from tests.grading.sample import ADA, BROKEN, FOLDERS, HOSTILE, REPORT, STUDENTS, UNREADABLE
from tests.report.browser import CHROMIUM, measured

GOLDEN = Path(__file__).with_name("golden")


def rendered() -> dict[str, str]:
    files = {
        "report.json": render_report(REPORT),
        "gradebook.csv": render_gradebook(REPORT),
        "index.html": render_overview(REPORT, FOLDERS),
    }
    for name, student in STUDENTS.items():
        files[f"{name}.feedback.md"] = render_markdown_feedback(student, REPORT.title)
        files[f"{name}.feedback.html"] = render_html_feedback(student, REPORT.title)
        for platform, how in PLATFORMS.items():
            version_free = how.render(student, REPORT.assignment)
            files[f"{name}.{platform}.json"] = version_free
    return files


FILES = rendered()


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_what_it_was(name: str) -> None:
    import gradverify

    text = FILES[name].replace(f'"{gradverify.__version__}"', '"VERSION"')
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="")
    assert path.read_bytes().decode() == text


def platform(name: str, student: StudentResult) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(PLATFORMS[name].render(student, "gradients-1"))
    return data


def test_the_report_reads_back_as_it_was() -> None:
    assert report_from_data(json.loads(render_report(REPORT))) == REPORT


def test_a_result_from_a_worker_that_is_none_is_refused() -> None:
    data = student_to_data(ADA)
    data["score"] = "lots"
    with pytest.raises(ValueError, match="score"):
        student_from_data(data)


def test_gradescope_has_a_test_a_question_with_score_and_output() -> None:
    data = platform("gradescope", HOSTILE)
    assert data["score"] == HOSTILE.score
    assert [test["score"] for test in data["tests"]] == [6.6667, 0.0, 0.0]
    assert {test["status"] for test in data["tests"]} == {"failed"}
    assert data["stdout_visibility"] == "hidden"


def test_prairielearn_gets_a_fraction_and_points_for_every_question() -> None:
    data = platform("prairielearn", ADA)
    assert data["score"] == 1.0
    assert all({"points", "max_points"} <= test.keys() for test in data["tests"])


def test_prairielearn_takes_no_attempt_for_what_is_not_gradable() -> None:
    for student in (BROKEN, UNREADABLE):
        data = platform("prairielearn", student)
        assert data["gradable"] is False
        assert data["format_errors"]


def test_courseras_fraction_is_a_number_from_zero_to_one() -> None:
    for student in STUDENTS.values():
        fraction = platform("coursera", student)["fractionalScore"]
        assert isinstance(fraction, float)
        assert 0.0 <= fraction <= 1.0


def test_check50_says_null_with_the_reason_for_what_was_not_checked() -> None:
    last = platform("check50", HOSTILE)["results"][-1]
    assert last["passed"] is None
    assert last["dependency"] == "descent"
    assert "descent" in last["cause"]["rationale"]


def test_check50_says_error_where_the_grader_failed() -> None:
    data = platform("check50", BROKEN)
    assert "results" not in data
    assert "error" in data


def test_a_score_that_the_grader_failed_to_find_is_empty_not_zero() -> None:
    rows = list(csv.DictReader(io.StringIO(render_gradebook(REPORT))))
    carol = next(row for row in rows if "carol" in row["student"])
    assert (carol["score"], carol["percent"], carol["quadratic"]) == ("", "", "")


@given(st.text(max_size=40))
def test_no_cell_of_the_gradebook_is_a_formula_or_a_second_line(name: str) -> None:
    text = cell(shown(name))
    assert not text.startswith(FORMULA)
    assert "\n" not in text
    assert "\r" not in text


@given(st.text(min_size=1, max_size=60))
def test_no_name_becomes_markup(name: str) -> None:
    def tags(text: str) -> int:
        page = render_html_feedback(dataclasses.replace(ADA, student=text, student_note=text), text)
        # What is in backquotes is code, and each line is an item.
        for part in ("<code>", "</code>", "<li>", "</li>", "<p>", "</p>", '<ul class="told">', "</ul>"):
            page = page.replace(part, "")
        return page.count("<")

    assert tags(name) == tags("x")


def test_pages_load_nothing_and_run_nothing() -> None:
    for name, text in FILES.items():
        if name.endswith(".html"):
            assert "default-src 'none'" in text
            assert "<script" not in text
            assert "src=" not in text.replace("&lt;img src=x&gt;", "")


def test_feedback_in_markdown_keeps_code_and_shows_everything_else_as_it_is() -> None:
    from gradverify.grading.formats.feedback import markdown_line

    assert markdown_line("`grad_f` isn't: f's x_history & 2 < 3") == "`grad_f` isn't: f's x_history & 2 \\< 3"
    assert markdown_line("<b> *a* _b_ [c](d) `") == "\\<b> \\*a\\* \\_b\\_ [c\\](d) \\`"
    assert markdown_line("∂f/∂v[1]: right size") == "∂f/∂v[1]: right size"
    assert markdown_line("[a]: http://x") == "\\[a]: http://x"
    assert markdown_line("# 1") == "\\# 1"
    assert markdown_line("&lt; 1. x") == "\\&lt; 1. x"


def test_more_than_full_marks_is_said_so() -> None:
    from gradverify.grading.formats.text import points

    assert points(20, 10) == "20 points, where 10 are full marks"
    assert points(7.5, 10) == "7.5 of 10 points"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_no_page_is_wider_than_its_window(tmp_path: Path) -> None:
    for name in ("index.html", "hostile.feedback.html"):
        told = measured(FILES[name], (390, 1600), tmp_path)
        assert [one["scroll"] <= one["width"] for one in told] == [True, True], name


def test_feedback_none_tells_the_score_alone() -> None:
    page = render_markdown_feedback(ADA, "t")
    assert page.rstrip().endswith("2 of 2 points")


def test_the_overview_counts_mistakes_by_students_and_links_to_their_pages() -> None:
    page = FILES["index.html"]
    assert "<td>sign</td><td>quadratic</td>" in page
    assert page.index("it tried file: /etc/passwd") < page.index("<details>")  # flags are open to everybody who looks
    assert 'href="ada/feedback.html"' in page
    assert "Their score is unknown" in page
