"""Assignment files: every fault with its place, all at once, and a way out."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.verdicts import Fault
from gradverify.grading.assignment import QUESTION_KEYS, load_assignment
from gradverify.grading.bench import BenchError, check_bench, make_bench
from gradverify.grading.hidden import SecretError, hidden_points, read_secret, seed_for
from gradverify.grading.model import Credit, Kind, Status
from gradverify.grading.score import score, status_for
from gradverify.grading.words import ENDED, HINTS
from gradverify.sandbox.places import without_paths
from gradverify.spec.codes import CODES
from tests.grading.support import ASSIGNMENT, QUESTION, ROOT, SPEC, assignment_in, plugins


def faults(folder: Path, text: str, spec: str = SPEC) -> list[tuple[str, int, int]]:
    (folder / "bowl.yaml").write_text(spec)
    (folder / "hw.yaml").write_text(text)
    parsed = load_assignment(folder / "hw.yaml", plugins().backend_options(), tuple(plugins().loaders))
    assert (parsed.assignment is None) == bool(parsed.faults)
    assert {fault.code for fault in parsed.faults} <= CODES.keys()
    return [(fault.code, fault.place.line, fault.place.column) for fault in parsed.faults]


def codes(folder: Path, text: str, spec: str = SPEC) -> list[str]:
    return [code for code, _, _ in faults(folder, text, spec)]


def test_a_sound_assignment_has_no_fault(tmp_path: Path) -> None:
    assignment = assignment_in(tmp_path)
    assert assignment.max_score == 10.0
    assert assignment.questions[0].kind is Kind.GRADIENT


def test_an_unknown_key_is_placed_and_the_nearest_named(tmp_path: Path) -> None:
    text = ASSIGNMENT.replace("hidden_points", "hiden_points")
    assert faults(tmp_path, text) == [("unknown-key", 4, 60)]
    parsed = load_assignment(tmp_path / "hw.yaml")
    assert "hidden_points" in parsed.faults[0].help


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = ASSIGNMENT.replace("points: 10", "points: -1").replace("file: hw.py", "file: ../hw.py")
    assert sorted(codes(tmp_path, text)) == ["bad-choice", "out-of-range"]


def test_a_missing_spec_is_placed_with_the_nearest_name(tmp_path: Path) -> None:
    found = faults(tmp_path, ASSIGNMENT.replace("bowl.yaml", "bowls.yaml"))
    assert found == [("missing-file", 4, 36)]


def test_faults_of_the_spec_are_told_with_their_own_places(tmp_path: Path) -> None:
    found = faults(tmp_path, ASSIGNMENT, SPEC.replace("variables: [x, y]", "variables: [x]"))
    assert "bad-part" in [code for code, _, _ in found]
    assert "unknown-name" in [code for code, _, _ in found]


def test_a_spec_file_with_several_specs_needs_a_name(tmp_path: Path) -> None:
    assert codes(tmp_path, ASSIGNMENT, SPEC + "---\n" + SPEC.replace("name: bowl", "name: other")) == ["bad-part"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ASSIGNMENT + QUESTION, "duplicate-name"),
        (ASSIGNMENT.replace("entry: grad,", "entry: grad, depends_on: [bool],"), "unknown-name"),
        (ASSIGNMENT.replace("entry: grad,", "entry: grad, depends_on: [bowl],"), "conflicting-keys"),
        (ASSIGNMENT.replace("entry: grad,", "entry: grad, extra: true,"), "out-of-range"),
        (ASSIGNMENT.replace("entry: grad,", "entry: grad, kind: descent,"), "missing-key"),
        (ASSIGNMENT.replace("entry: grad,", "entry: grad, credit: some,"), "bad-choice"),
        (ASSIGNMENT.replace("entry: grad,", "entry: 2grad,"), "bad-choice"),
        (
            ASSIGNMENT.replace("entry: grad,", "entry: grad, forbid: [autodiff],") + "imports: [sympy]\n",
            "conflicting-keys",
        ),
        (ASSIGNMENT + "max_score: 11\n", "out-of-range"),
        (ASSIGNMENT.replace("assignment: test\n", ""), "missing-key"),
        (ASSIGNMENT + "---\nassignment: two\n", "conflicting-keys"),
        ("", "empty-file"),
        ("[1, 2]", "wrong-type"),
        ("assignment: x\nassignment: y\nquestions: []\n", "duplicate-key"),
        ("assignment: [", "yaml-syntax"),
    ],
)
def test_a_contradiction_is_a_fault(text: str, code: str, tmp_path: Path) -> None:
    assert code in codes(tmp_path, text)


def test_a_module_that_cannot_be_imported_is_a_fault_at_its_place(tmp_path: Path) -> None:
    assert faults(tmp_path, ASSIGNMENT + "imports: [math, nmupy]\n") == [("bad-choice", 5, 17)]
    fault = load_assignment(tmp_path / "hw.yaml").faults[0]
    assert "`nmupy`" in fault.message
    assert fault.help == "did you mean `numpy`?"
    assert codes(tmp_path, ASSIGNMENT + "imports: [numpy.nothing]\n") == ["bad-choice"]
    assert codes(tmp_path, ASSIGNMENT + "imports: [math, numpy, numpy.linalg]\n") == []


def test_a_gradient_is_not_asked_of_a_vector(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: [x*y, x + y]\njacobian: [[y, x], [1, 1]]\n"
    assert codes(tmp_path, ASSIGNMENT, spec) == []
    assert codes(tmp_path, ASSIGNMENT.replace("entry: grad,", "entry: grad, kind: gradient,"), spec) == [
        "claim-of-vector"
    ]


def test_points_beyond_full_marks_are_extra_credit(tmp_path: Path) -> None:
    assert assignment_in(tmp_path, ASSIGNMENT + "max_score: 8\n").max_score == 8.0


def test_ones_own_keys_are_not_read(tmp_path: Path) -> None:
    assert codes(tmp_path, ASSIGNMENT + "x-notes: [whatever]\n") == []


@given(st.text(alphabet="assignment:questions- {}[]\n'\"#&*!|>\t0é", max_size=60))
def test_any_text_at_all_is_an_assignment_or_faults(text: str) -> None:
    from gradverify.grading.assignment import parse_assignment

    parsed = parse_assignment(text, Path("hw.yaml"))
    assert (parsed.assignment is None) == bool(parsed.faults)


def test_an_instructors_own_wrong_gradient_stops_the_grading(tmp_path: Path) -> None:
    assignment = assignment_in(tmp_path, spec=SPEC.replace("3*x + cos(y)]", "3*x - cos(y)]"))
    bench = make_bench(assignment.questions[0], plugins())
    with pytest.raises(BenchError, match="does not pass"):
        check_bench(bench, plugins())


def test_a_function_that_is_not_finite_at_its_points_stops_the_grading(tmp_path: Path) -> None:
    assignment = assignment_in(tmp_path, spec="variables: [x, y]\nfunction: log(x) + y\npoints: [[-1, 0]]\n")
    with pytest.raises(BenchError, match="finite"):
        check_bench(make_bench(assignment.questions[0], plugins()), plugins())


def test_hidden_points_differ_between_students_and_stay_the_same_for_one(tmp_path: Path) -> None:
    question = assignment_in(tmp_path).questions[0]
    ada = hidden_points(question, seed_for(b"secret", "a", "q", "ada"))
    assert np.array_equal(ada, hidden_points(question, seed_for(b"secret", "a", "q", "ada")))
    for other in (seed_for(b"secret", "a", "q", "bob"), seed_for(b"other", "a", "q", "ada")):
        assert not np.array_equal(ada, hidden_points(question, other))
    assert (np.abs(ada) <= 3).all()


def test_a_seed_depends_on_where_the_names_end() -> None:
    assert seed_for(b"s", "ab", "c", "d") != seed_for(b"s", "a", "bc", "d")


def test_a_new_secret_is_long_and_its_owners_alone(tmp_path: Path) -> None:
    secret, new = read_secret(tmp_path / "hw.secret")
    assert new
    assert len(secret) == 64
    assert (tmp_path / "hw.secret").stat().st_mode & 0o777 == 0o600
    assert read_secret(tmp_path / "hw.secret") == (secret, False)


def test_a_secret_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hw.secret").write_text("1234")
    with pytest.raises(SecretError, match="characters"):
        read_secret(tmp_path / "hw.secret")


PASS, FAIL, OPEN = 0, 1, 2


def test_credit_is_by_component_by_point_or_for_everything() -> None:
    codes = np.array([[PASS, PASS], [PASS, FAIL], [PASS, PASS]])
    assert score(codes, Credit.PER_COMPONENT).fraction == 0.5
    assert score(codes, Credit.PER_POINT).fraction == pytest.approx(2 / 3)
    assert score(codes, Credit.ALL_OR_NOTHING).fraction == 0.0


def test_what_could_not_be_decided_counts_for_nobody() -> None:
    codes = np.array([[PASS, OPEN], [OPEN, OPEN]])
    assert score(codes, Credit.PER_COMPONENT).fraction == 1.0
    assert score(codes, Credit.PER_POINT).fraction == 1.0
    assert score(np.array([[OPEN]]), Credit.PER_POINT).fraction is None


def test_only_an_answer_that_is_right_is_ok() -> None:
    assert [status_for(f) for f in (1.0, 0.5, 0.0, math.nan)] == [
        Status.OK, Status.PARTIAL, Status.WRONG, Status.WRONG,
    ]  # fmt: skip


def test_every_fault_has_a_hint_without_a_number() -> None:
    assert HINTS.keys() == set(Fault)
    for text in HINTS.values():
        assert not any(c.isdigit() for c in text.replace("float64", "").replace("always 0", "").replace("be 0", ""))


def test_every_status_that_is_no_verdict_has_a_sentence_for_the_student() -> None:
    assert ENDED.keys() == set(Status) - {Status.OK, Status.PARTIAL, Status.WRONG}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('File "/tmp/gradverify-x/ab12/hw.py", line 3', 'File "hw.py", line 3'),
        ("No module named 'jax' (line 2)", "No module named 'jax' (line 2)"),
        (r"C:\Users\me\hw.py: no", "hw.py: no"),
        ("1/2 is not 3/4", "1/2 is not 3/4"),
    ],
)
def test_paths_are_cut_to_their_last_part(text: str, shown: str) -> None:
    assert without_paths(text) == shown


def test_every_key_of_a_question_is_documented() -> None:
    page = (ROOT / "docs/GRADING.md").read_text()
    for key in QUESTION_KEYS:
        assert f"`{key.name}`" in page, key.name
