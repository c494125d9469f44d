"""The sample course: honest and dishonest submissions get the grades that are written down, and no file leaks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from gradverify.grading.assignment import load_assignment
from gradverify.grading.hidden import hidden_points
from gradverify.grading.model import Kind
from gradverify.sandbox import LEVELS, probe_level
from tests.grading.conftest import Graded
from tests.grading.support import COURSE, SECRET, plugins, student

pytestmark = pytest.mark.xdist_group("course")

EXPECTED = json.loads((COURSE / "expected.json").read_text())
CONFINED = probe_level().rank >= LEVELS.index("landlock")
ATTEMPTS = {"tried-file", "tried-network", "tried-process"}


def test_the_course_has_twenty_five_submissions_at_least() -> None:
    assert len(EXPECTED) >= 25
    assert EXPECTED.keys() == {path.stem for path in (COURSE / "submissions").glob("*.py")}


def test_everybody_is_graded_and_the_exit_code_says_so(course: Graded) -> None:
    assert course.code == 0, course.printed
    assert {s["student"] for s in course.report["students"]} == EXPECTED.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_submission_gets_the_grade_that_is_written_down(name: str, course: Graded) -> None:
    found, wanted = student(course.report, name), EXPECTED[name]
    attempts = {f for q in wanted["questions"].values() for f in q.get("flags", ())} & ATTEMPTS
    if attempts and not CONFINED:
        pytest.skip("this machine cannot keep submissions from trying")
    told = {}
    for question in found["questions"]:
        entry = {"status": question["status"], "score": question["score"]}
        faults = sorted({d["fault"] for d in question["diagnosis"]} - {"unknown"})
        flags = sorted({f["kind"] for f in question["flags"]})
        entry |= ({"faults": faults} if faults else {}) | ({"flags": flags} if flags else {})
        if entry != {"status": "ok", "score": question["max_score"]}:
            told[question["name"]] = entry
    assert {"status": found["status"], "score": found["score"], "questions": told} == wanted


def test_the_report_has_the_keys_that_others_build_on(course: Graded) -> None:
    report = course.report
    assert report["format"] == 1
    assert report["assignment"] == "gradients-1"
    assert report["isolation"]["level"] in LEVELS
    for found in report["students"]:
        assert {"student", "status", "score", "max_score", "seconds", "questions"} <= found.keys()
        for question in found["questions"]:
            assert {"name", "status", "score", "max_score", "diagnosis", "flags"} <= question.keys()
            assert all({"fault", "components", "message"} <= d.keys() for d in question["diagnosis"])
            assert all({"kind", "evidence"} <= f.keys() and f["evidence"] for f in question["flags"])


def student_files(course: Graded) -> list[Path]:
    return [path for folder in course.out.iterdir() if folder.is_dir() for path in folder.iterdir()]


def forms(value: float) -> set[str]:
    """How a number may be written; short ones stand for too much to be searched for."""
    texts = {repr(value), f"{value:.10g}", f"{value:.8g}", f"{value:.6g}", f"{abs(value):.6g}"}
    return {text for text in texts if len(re.sub(r"[^0-9]", "", text)) >= 6}


def test_no_students_file_holds_a_hidden_point_a_reference_a_seed_or_a_path(course: Graded) -> None:
    assignment = load_assignment(COURSE / "assignment.yaml", plugins().backend_options()).assignment
    assert assignment is not None
    secrets: set[str] = {
        SECRET,
        SECRET.encode().hex(),
        "/tmp",
        str(COURSE.parent),
        "specs/grading",
        "site-packages",
        "course.yaml",
    }
    questions = {q.name: q for q in assignment.questions}
    from gradverify.grading.bench import make_bench

    benches = {name: make_bench(q, plugins()) for name, q in questions.items() if q.kind is not Kind.DESCENT}
    for found in course.report["students"]:
        for result in found["questions"]:
            seed = result["hidden_seed"]
            if seed is None:
                continue
            secrets.add(str(seed))
            points = hidden_points(questions[result["name"]], seed)
            numbers = list(points.ravel())
            if result["name"] in benches:
                known = benches[result["name"]].references(points)
                assert known is not None
                numbers += list(known[0].ravel())
            for number in numbers:
                if np.isfinite(number):
                    secrets |= forms(float(number))
    assert len(secrets) > 10_000
    files = student_files(course)
    assert len(files) == len(EXPECTED) * 6
    for path in files:
        text = path.read_text()
        text = re.sub(r"<style>.*?</style>|sha256-[^']*'", "", text, flags=re.DOTALL)
        for word in re.findall(r"[-+.\w/]+", text):
            assert word not in secrets, (path, word)
        assert not any(
            secret in text for secret in ("/tmp", str(COURSE.parent), "site-packages", "gradverify-", SECRET)
        ), path


def test_a_hint_holds_no_number_of_a_reference_at_the_visible_points_either(course: Graded) -> None:
    for found in course.report["students"]:
        for question in found["questions"]:
            if question["feedback"] == "hint":
                told = re.sub(r"It said: .*", "", question["student"])
                assert not re.search(r"\d\.\d", told), told


def test_full_feedback_shows_the_numbers_and_the_formula(course: Graded) -> None:
    told = next(q for q in student(course.report, "uma")["questions"] if q["name"] == "hessian")["student"]
    assert "3*x**2 - 4*y" in told


def test_staff_gets_the_evidence_of_every_flag_in_the_overview(course: Graded) -> None:
    page = (course.out / "index.html").read_text()
    assert "numerical-derivative" in page
    assert "hard-coded" in page
    assert "Content-Security-Policy" in page
    assert "<script" not in page
