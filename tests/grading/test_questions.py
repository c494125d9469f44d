"""One question, one entry: what it scores, what its author is told, and what stays hidden."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradverify.core.verdicts import Fault
from gradverify.grading.claim import Seat
from gradverify.grading.derivative import DerivativeGrading
from gradverify.grading.descent import DescentGrading
from gradverify.grading.model import FlagKind, QuestionResult, Status, SubmissionLimits
from gradverify.sandbox.model import Answer
from gradverify.sandbox.model import Status as Ended
from tests.grading.support import ASSIGNMENT, SPEC, InProcess, assignment_in, bench_in, graded, plugins

VISIBLE = ((1.5, 2.25), (-0.75, 0.5))


def right(x: float, y: float) -> Any:
    return np.array([2 * x + 3 * y, 3 * x + np.cos(y)])


def faults(result: QuestionResult) -> set[Fault]:
    return {finding.fault for finding in result.diagnosis}


def test_a_right_answer_gets_all_points(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path), right)
    assert (result.status, result.score, result.diagnosis) == (Status.OK, 10.0, ())
    assert (result.visible.right, result.hidden.right) == (2, 6)


def test_a_wrong_sign_is_hinted_at_with_the_variable_and_without_a_number(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path), lambda x, y: right(x, y) * [1, -1])
    assert (result.status, result.score) == (Status.PARTIAL, 5.0)
    assert faults(result) == {Fault.SIGN}
    assert "∂f/∂y: right size, wrong sign. Which way does f change when y grows?" in result.student
    assert "reference" in result.staff


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (lambda x, y: right(x, y) * [2, 2], Fault.FACTOR),
        (lambda x, y: right(x, y)[::-1], Fault.SWAPPED_COMPONENTS),
        (lambda x, y: np.array([2 * x + 3 * y, 3 * x]), Fault.MISSING_TERM),
        (lambda x, y: right(x, y) * [1, 0], Fault.ZEROED_COMPONENT),
        (lambda x, y: right(x, y) + np.array([0, 4]), Fault.CONSTANT_OFFSET),
        (lambda x, y: right(x, y) * [1, np.nan], Fault.NON_FINITE),
        (lambda x, y: np.ones(3), Fault.WRONG_SHAPE),
        (lambda x, y: None, Fault.WRONG_SHAPE),
    ],
)
def test_a_common_mistake_is_named_and_hinted_at(wrong: Callable[..., Any], fault: Fault, tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path), wrong)
    assert fault in faults(result)
    assert result.status in (Status.PARTIAL, Status.WRONG)
    assert len(result.student.split("\n")) > 1


def test_a_missing_part_of_the_product_rule_is_named_where_f_is_code(tmp_path: Path) -> None:
    (tmp_path / "bowl.py").write_text(
        "import numpy as np\n\n\ndef f(x, y):\n    return x**2 * np.exp(-x) + np.sin(y)\n"
    )
    spec = SPEC.replace("x**2 + 3*x*y + sin(y)", '{python: "bowl.py:f"}')
    spec = spec.replace("[2*x + 3*y, 3*x + cos(y)]", "[2*x*exp(-x) - x**2*exp(-x), cos(y)]")
    result = graded(bench_in(tmp_path, spec), lambda x, y: np.array([2 * x * np.exp(-x), np.cos(y)]))
    assert faults(result) == {Fault.MISSING_TERM}
    assert "goes through exp(-x) (product rule) is missing" in result.diagnosis[0].message


def test_credit_by_point_counts_points(tmp_path: Path) -> None:
    result = graded(
        bench_in(tmp_path, credit="per-point"), lambda x, y: right(x, y) * (1 if (x, y) == VISIBLE[0] else 2)
    )
    assert result.score == pytest.approx(10 / 8, abs=1e-4)


def test_all_or_nothing_gives_nothing_for_a_part(tmp_path: Path) -> None:
    assert graded(bench_in(tmp_path, credit="all-or-nothing"), lambda x, y: right(x, y) * [1, 2]).score == 0.0


def test_feedback_none_tells_nothing_but_the_score(tmp_path: Path) -> None:
    assert graded(bench_in(tmp_path, feedback="none"), lambda x, y: right(x, y) * [1, 2]).student == ""


def test_full_feedback_shows_visible_numbers_and_the_formula_and_no_hidden_ones(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path, feedback="full"), lambda x, y: right(x, y) * [1, 3])
    assert re.search(r"At \(1\.5, 2\.25\), ∂f/∂y is 3\.8718\d+; you have 11\.6154\d+\.", result.student)
    assert "by y: `3*x + cos(y)`" in result.student
    assert result.student.count("At (") == 2


def test_a_value_that_cannot_be_decided_counts_for_nobody(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: abs(x) + y**2\npoints: [[0, 1.5], [2, -1]]\n"
    bench = bench_in(tmp_path, spec)
    assert graded(bench, lambda x, y: np.array([np.sign(x), 2 * y])).score == 10.0
    assert graded(bench, lambda x, y: np.array([np.sign(x) or 0.5, 2 * y])).score == 10.0
    assert graded(bench, lambda x, y: np.array([np.sign(x) or 7.0, 2 * y])).score == 5.0


def test_a_jacobian_is_graded(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: [x*y, x + sin(y)]\njacobian: [[y, x], [1, cos(y)]]\npoints: [[1.5, 0.5]]\n"
    bench = bench_in(tmp_path, spec)
    assert graded(bench, lambda x, y: np.array([[y, x], [1, np.cos(y)]])).status is Status.OK
    result = graded(bench, lambda x, y: np.array([[y, x], [1, np.cos(y)]]).T)
    assert Fault.TRANSPOSED in faults(result) or Fault.SWAPPED_COMPONENTS in faults(result)


def test_a_hessian_is_graded(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: x**3*y\nhessian: [[6*x*y, 3*x**2], [3*x**2, 0]]\npoints: [[1.5, 0.5]]\n"
    bench = bench_in(tmp_path, spec)
    assert graded(bench, lambda x, y: [[6 * x * y, 3 * x**2], [3 * x**2, 0]]).status is Status.OK
    result = graded(bench, lambda x, y: [[6 * x * y, x**2], [3 * x**2, 0]])
    assert "∂²f/∂x∂y" in result.student
    assert result.score == 7.5


def test_constants_come_behind_the_variables(tmp_path: Path) -> None:
    spec = "variables: {w: 2}\nconstants: {A: [[1, 2], [3, 4]], c: 0.5}\nfunction: c*sum((A @ w)**2)\n"
    bench = bench_in(tmp_path, spec)
    assert graded(bench, lambda w, a, c: 2 * c * a.T @ (a @ w)).status is Status.OK


def test_what_an_exception_says_is_quoted_from_visible_points_only(tmp_path: Path) -> None:
    def visible(x: float, y: float) -> Any:
        raise ValueError(f"I was asked for {x} and {y}, see /tmp/secret/hw.py")

    told = graded(bench_in(tmp_path), visible).student
    assert "Your function raised an exception: ValueError: I was asked for 1.5 and 2.25, see hw.py" in told

    def hidden(x: float, y: float) -> Any:
        if (x, y) in VISIBLE:
            return right(x, y)
        raise ValueError(f"I was asked for {x} and {y}")

    result = graded(bench_in(tmp_path), hidden)
    assert "I was asked" not in result.student
    assert "Your function raised an exception at a point that you cannot see." in result.student
    assert "I was asked" in result.staff


def test_hidden_points_are_never_asked_before_the_visible_ones(tmp_path: Path) -> None:
    caller = InProcess(right)
    grading = DerivativeGrading(bench_in(tmp_path), Seat(caller, "grad", 60.0), SubmissionLimits(), 7)
    grading.look()
    assert {tuple(a) for a in caller.asked} == set(VISIBLE)


def test_an_exception_is_quoted_with_where_it_came_and_no_mathematics_behind_it(tmp_path: Path) -> None:
    def sometimes(x: float, y: float) -> Any:
        if x < 0:
            raise ZeroDivisionError("division by zero")
        return right(x, y)

    assert graded(bench_in(tmp_path), sometimes).student == (
        "Neither of the 2 components is right yet.\n"
        "Your function raised an exception at some of the points that you can see: ZeroDivisionError: division by zero"
    )


def test_an_exception_at_one_point_does_not_hide_the_mistake_at_the_others(tmp_path: Path) -> None:
    def sometimes(x: float, y: float) -> Any:
        if x < 0:
            raise ZeroDivisionError("division by zero")
        return right(x, y) * [1, -1]

    result = graded(bench_in(tmp_path), sometimes)
    assert Fault.SIGN in faults(result)
    assert "∂f/∂y: right size, wrong sign." in result.student


def test_the_graders_own_questions_cost_the_student_no_time(tmp_path: Path) -> None:
    class Slow(InProcess):
        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            assert seconds is not None
            if seconds < 1.0:
                return Answer(status=Ended.TIMEOUT, seconds=seconds)
            answer = super().call(entry, arguments, seconds=seconds)
            return Answer(status=answer.status, values=answer.values, kind=answer.kind, seconds=1.0)

    slow = Slow(lambda x, y: right(x, y) * [1, -1])
    grading = DerivativeGrading(bench_in(tmp_path), Seat(slow, "grad", 9.5), SubmissionLimits(seconds=9.5), 7)
    grading.look()
    result = grading.grade()
    assert (result.status, result.score, faults(result)) == (Status.PARTIAL, 5.0, {Fault.SIGN})
    assert result.seconds == 8.0
    assert len(slow.asked) <= 17


def test_an_answer_that_could_not_be_looked_at_closely_is_not_held_against_its_author(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: x**2 + y**2\npoints: [[0, 1.5], [2, -1]]\n"

    class Slow(InProcess):
        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            answer = super().call(entry, arguments, seconds=seconds)
            return Answer(status=answer.status, values=answer.values, kind=answer.kind, seconds=1.0)

    def rounded(x: float, y: float) -> Any:
        return np.array([2 * x + 1e-16, 2 * y])

    for entry, score in ((rounded, 10.0), (lambda x, y: rounded(x, y) + np.array([0.01, 0]), 5.0)):
        grading = DerivativeGrading(bench_in(tmp_path, spec), Seat(Slow(entry), "grad", 8.5), SubmissionLimits(), 7)
        grading.look()
        assert grading.grade().score == score


def test_changing_the_input_costs_nothing_where_the_answer_is_right(tmp_path: Path) -> None:
    spec = "variables: {w: 2}\nfunction: sum(w**2)\npoints: [[1.5, 0.5], [2, -1]]\n"

    def changes(w: Any) -> Any:
        w *= 2
        return w

    result = graded(bench_in(tmp_path, spec), changes)
    assert (result.status, result.score) == (Status.OK, 10.0)
    assert {flag.kind for flag in result.flags} == {FlagKind.MUTATES_INPUT}
    assert "Note: your function changes the arrays that it is given. Work on a copy of them." in result.student
    forbidden = graded(bench_in(tmp_path, spec, forbid="[mutates-input]"), changes)
    assert (forbidden.status, forbidden.score) == (Status.POLICY_VIOLATION, 0.0)
    assert "Work on a copy" in forbidden.student


def test_changing_the_input_does_not_hide_what_is_wrong(tmp_path: Path) -> None:
    spec = "variables: {w: 2}\nfunction: sum(w**2)\npoints: [[1.5, 0.5], [2, -1]]\n"

    def changes(w: Any) -> Any:
        w *= -2
        return w

    result = graded(bench_in(tmp_path, spec), changes)
    assert (result.status, faults(result)) == (Status.WRONG, {Fault.SIGN})
    assert "Work on a copy" in result.student


def test_who_stops_answering_when_the_points_are_over_is_told(tmp_path: Path) -> None:
    class Counting(InProcess):
        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            if len(self.asked) >= 8:
                return Answer(status=Ended.TIMEOUT, detail="it was still running", seconds=seconds or 0.0)
            return super().call(entry, arguments, seconds=seconds)

    grading = DerivativeGrading(bench_in(tmp_path), Seat(Counting(right), "grad", 60.0), SubmissionLimits(), 7)
    grading.look()
    result = grading.grade()
    assert (result.status, result.score) == (Status.OK, 10.0)
    assert "when it was asked further: timeout" in result.flags[0].evidence


def test_who_has_no_time_left_for_the_graders_own_questions_did_not_stop_answering(tmp_path: Path) -> None:
    class Slow(InProcess):
        """A busy machine: the grader's own questions use up their time, and the last of them ends after a moment."""

        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            given = seconds or 0.0
            if len(self.asked) >= 8 and given < 0.5:
                return Answer(status=Ended.TIMEOUT, detail="it was still running", seconds=given)
            return dataclasses.replace(super().call(entry, arguments, seconds=seconds), seconds=0.4)

    def wrong(x: float, y: float) -> Any:  # so that the grader asks further
        return right(x, y) * [1, -1]

    grading = DerivativeGrading(bench_in(tmp_path), Seat(Slow(wrong), "grad", 4.0), SubmissionLimits(), 7)
    grading.look()
    result = grading.grade()
    assert (result.status, result.flags) == (Status.PARTIAL, ()), result.staff
    assert "were given up: they took as long as the submission may" in result.staff


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Ended.CRASHED, "the grader's own questions were given up: the entry had ended with crashed"),
        (None, "the grader's own questions were given up: they took as long as the submission may"),
    ],
)
def test_staff_is_told_why_the_graders_own_questions_were_given_up(
    ended: Ended | None, told: str, tmp_path: Path
) -> None:
    class Ending(InProcess):
        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            answer = super().call(entry, arguments, seconds=seconds)
            if ended is not None and len(self.asked) == 3:
                return Answer(status=ended, detail="its process was killed by SIGSEGV")
            if ended is None and len(self.asked) > 8:
                return Answer(status=Ended.TIMEOUT, seconds=seconds or 0.0)
            return answer

    caller = Ending(lambda x, y: right(x, y) * [1, -1])
    grading = DerivativeGrading(bench_in(tmp_path), Seat(caller, "grad", 60.0), SubmissionLimits(), 7)
    grading.look()
    staff = grading.grade().staff
    assert [line for line in staff.split("\n") if "own questions" in line] == [told]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(status=Ended.OK, kind="none"), "it returned None: is there a `return` at its end?"),
        (
            Answer(status=Ended.OK, kind="other", detail="10000000 numbers, which is more than an answer may hold"),
            "it returned something that cannot be used: 10000000 numbers, which is more than an answer may hold.",
        ),
    ],
)
def test_what_is_no_array_is_told_once_and_not_called_a_wrong_shape(answer: Answer, told: str, tmp_path: Path) -> None:
    class Answers:
        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            return answer

    grading = DerivativeGrading(bench_in(tmp_path), Seat(Answers(), "grad", 60.0), SubmissionLimits(), 7)
    grading.look()
    result = grading.grade()
    assert result.status is Status.WRONG
    assert result.student.split("\n") == ["Neither of the 2 components is right yet.", f"What came back: {told}"]


def test_answers_that_are_rounded_are_told_so(tmp_path: Path) -> None:
    told = graded(bench_in(tmp_path), lambda x, y: np.round(right(x, y), 3)).student
    assert "Your answers have 3 decimals. Do not round them." in told
    told = graded(bench_in(tmp_path), lambda x, y: right(x, y).astype(int)).student
    assert "Is there an array of integers" in told


def test_notes_and_shapes_speak_to_the_student(tmp_path: Path) -> None:
    told = graded(bench_in(tmp_path), lambda x, y: right(x, y)[:, None]).student
    assert told == "Both components are right.\nNote: your answer has shape (2, 1), accepted for (2,)."
    told = graded(bench_in(tmp_path), lambda x, y: np.ones(3)).student
    assert "What came back: your answer has shape (3,), expected (2,)." in told


def test_two_answers_that_are_both_right_cost_nothing(tmp_path: Path) -> None:
    count = iter(range(10_000))
    result = graded(bench_in(tmp_path), lambda x, y: right(x, y) * (1 + 1e-9 * (next(count) % 2)))
    assert (result.status, result.score) == (Status.OK, 10.0)


def test_an_answer_that_is_wrong_the_second_time_is_wrong(tmp_path: Path) -> None:
    count = iter(range(10_000))
    result = graded(bench_in(tmp_path), lambda x, y: right(x, y) * ([1, 1] if next(count) < 8 else [1, 1.5]))
    assert (result.status, result.score, faults(result)) == (Status.PARTIAL, 5.0, {Fault.NONDETERMINISTIC})
    assert "different answers when it is asked twice" in result.student


def test_noise_where_the_points_are_hidden_excuses_nobody(tmp_path: Path) -> None:
    def noisy(x: float, y: float) -> Any:
        known = (x, y) in VISIBLE
        return right(x, y) + (0 if known else 1e3 * np.sin(1e17 * x))

    assert graded(bench_in(tmp_path), noisy).score == 0.0


def test_time_is_counted_for_the_whole_question(tmp_path: Path) -> None:
    class Slow(InProcess):
        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            assert seconds is not None
            if seconds < 4.0:
                return Answer(status=Ended.TIMEOUT, seconds=seconds)
            answer = super().call(entry, arguments, seconds=seconds)
            return Answer(status=answer.status, values=answer.values, kind=answer.kind, seconds=4.0)

    slow = Slow(right)
    grading = DerivativeGrading(bench_in(tmp_path), Seat(slow, "grad", 9.0), SubmissionLimits(seconds=9.0), 7)
    grading.look()
    result = grading.grade()
    assert result.status is Status.TIMEOUT
    assert len(slow.asked) == 2
    assert "its 9 seconds were over" in result.student


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (Ended.MISSING, Status.MISSING), (Ended.IMPORT_ERROR, Status.IMPORT_ERROR), (Ended.MEMORY, Status.MEMORY),
        (Ended.BAD_SIGNATURE, Status.BAD_SIGNATURE), (Ended.CRASHED, Status.CRASHED),
        (Ended.POLICY, Status.POLICY_VIOLATION), (Ended.BROKEN, Status.GRADER_ERROR),
    ],
)  # fmt: skip
def test_each_way_to_end_has_its_status_and_is_not_asked_for_ever(ended: Ended, status: Status, tmp_path: Path) -> None:
    class Ending:
        count = 0

        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            self.count += 1
            return Answer(status=ended, detail="a secret of the grader" if ended is Ended.BROKEN else "why")

    caller = Ending()
    grading = DerivativeGrading(bench_in(tmp_path), Seat(caller, "grad", 60.0), SubmissionLimits(), 7)
    grading.look()
    result = grading.grade()
    assert (result.status, result.score) == (status, 0.0)
    assert caller.count <= 3
    assert result.student
    assert "secret of the grader" not in result.student


def test_what_was_tried_is_flagged_even_if_the_answer_is_right(tmp_path: Path) -> None:
    class Curious(InProcess):
        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            answer = super().call(entry, arguments, seconds=seconds)
            tried = ("network: socket(AF_INET)", "file: /etc/shadow", "process: fork", "native: ctypes")
            return Answer(status=answer.status, values=answer.values, kind=answer.kind, tried=tried)

    grading = DerivativeGrading(bench_in(tmp_path), Seat(Curious(right), "grad", 60.0), SubmissionLimits(), 7)
    grading.look()
    result = grading.grade()
    assert {f.kind for f in result.flags} == {
        FlagKind.TRIED_NETWORK, FlagKind.TRIED_FILE, FlagKind.TRIED_PROCESS, FlagKind.OTHER,
    }  # fmt: skip
    assert "/etc/shadow" not in result.student


# --- descents --------------------------------------------------------------------------------------------------------

DESCENT = """\
variables: [x, y]
function: x**2 + 2*y**2
gradient: [2*x, 4*y]
points: [[4, 3]]
domain: {x: [-10, 10], y: [-10, 10]}
descent:
  - name: just right
    start: [4, 3]
    learning_rate: 0.2
    max_iterations: 100
    expect: {behaviour: converges, minimiser: [0, 0], iterations: {at_most: 60}, rate: {at_most: 0.65}}
  - name: too long
    start: [4, 3]
    learning_rate: 0.6
    max_iterations: 30
    expect: {behaviour: diverges}
"""


def descends(
    f: Any, grad_f: Any, x0: Any, learning_rate: float, max_iters: int, tol: float, *, direction: float = -1.0
) -> Any:
    x = np.array(x0, dtype=float)
    xs, fs = [x.copy()], [float(f(x))]
    for _ in range(max_iters):
        g = np.asarray(grad_f(x))
        if np.linalg.norm(g) <= tol:
            break
        x = x + direction * learning_rate * g
        xs.append(x.copy())
        fs.append(float(f(x)))
    return x, np.array(xs), np.array(fs)


def run_descent(folder: Path, routine: Callable[..., Any], spec: str = DESCENT, **question: Any) -> QuestionResult:
    more = "".join(f", {key}: {value}" for key, value in question.items())
    text = ASSIGNMENT.replace("entry: grad,", f"entry: grad{more},").replace("{sample: 6}", "{sample: 2}")
    from gradverify.grading.bench import make_bench

    bench = make_bench(assignment_in(folder, text, spec).questions[0], plugins())
    grading = DescentGrading(bench, Seat(InProcess(routine), "grad", 60.0), SubmissionLimits(), 7)
    grading.look()
    return grading.grade()


def test_a_descent_that_takes_other_arguments_is_told_its_own(tmp_path: Path) -> None:
    class Refuses:
        def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
            return Answer(status=Ended.BAD_SIGNATURE, detail="missing a required argument: 'z'")

    from gradverify.grading.bench import make_bench

    bench = make_bench(assignment_in(tmp_path, ASSIGNMENT, DESCENT).questions[0], plugins())
    grading = DescentGrading(bench, Seat(Refuses(), "grad", 60.0), SubmissionLimits(), 7)
    grading.look()
    told = "`grad` could not be called with the arguments (f, grad_f, x0, learning_rate, max_iters, tol)."
    assert grading.grade().student.startswith(told)


def test_a_descent_that_returns_nothing_is_told_so(tmp_path: Path) -> None:
    result = run_descent(tmp_path, lambda *_: None)
    assert "it returned None, expected three (x, x_history, f_history)" in result.staff


def test_a_right_descent_gets_all_points(tmp_path: Path) -> None:
    result = run_descent(tmp_path, descends)
    assert (result.status, result.score, result.flags) == (Status.OK, 10.0, ()), result.staff


def test_a_descent_that_looks_at_the_gradient_one_step_late_is_right_too(tmp_path: Path) -> None:
    def late(f: Any, grad_f: Any, x0: Any, learning_rate: float, max_iters: int, tol: float) -> Any:
        x, xs, fs = np.array(x0), [np.array(x0)], [float(f(np.array(x0)))]
        for _ in range(max_iters):
            g = np.asarray(grad_f(x))
            x = x - learning_rate * g
            xs.append(x)
            fs.append(float(f(x)))
            if np.linalg.norm(g) <= tol:
                break
        return x, xs, fs

    assert run_descent(tmp_path, late).status is Status.OK


def test_an_ascent_is_told_that_it_goes_uphill(tmp_path: Path) -> None:
    result = run_descent(tmp_path, lambda *a: descends(*a, direction=1.0))
    assert "Your steps go uphill." in result.student
    assert Fault.SIGN in faults(result)


def test_steps_of_another_length_are_named(tmp_path: Path) -> None:
    result = run_descent(tmp_path, lambda *a: descends(*a, direction=-0.5))
    assert "another length" in result.student
    assert Fault.FACTOR in faults(result)


def test_a_history_of_one_array_is_named(tmp_path: Path) -> None:
    def aliased(f: Any, grad_f: Any, x0: Any, learning_rate: float, max_iters: int, tol: float) -> Any:
        x, xs, fs = np.array(x0), [], []
        for _ in range(max_iters):
            xs.append(x)
            fs.append(float(f(x)))
            x -= learning_rate * np.asarray(grad_f(x))
        return x, np.array(xs), np.array(fs)

    assert "after `append(x)`" in run_descent(tmp_path, aliased).student


def test_a_shifted_history_of_f_is_named(tmp_path: Path) -> None:
    def shifted(*given: Any) -> Any:
        x, xs, fs = descends(*given)
        return x, xs, fs[1:]

    assert "shifted" in run_descent(tmp_path, shifted).student


def test_a_result_without_its_histories_is_told_what_to_return(tmp_path: Path) -> None:
    result = run_descent(tmp_path, lambda *a: descends(*a)[0])
    assert (result.status, result.score) == (Status.WRONG, 0.0)
    assert "three things" in result.student


def test_a_history_that_goes_on_and_on_is_cut_before_it_is_looked_at(tmp_path: Path) -> None:
    def on_and_on(*given: Any) -> Any:
        x, xs, fs = descends(*given)
        return x, np.concatenate([xs, np.tile(x, (500_000, 1))]), np.concatenate([fs, np.full(500_000, fs[-1])])

    result = run_descent(tmp_path, on_and_on)
    assert "When does it stop?" in result.student
    assert "one too many" in result.staff


def test_what_a_run_comes_to_counts_only_where_it_is_a_descent(tmp_path: Path) -> None:
    def knows_the_end(f: Any, grad_f: Any, x0: Any, *rest: Any) -> Any:  # never calls grad_f
        x = np.array(x0, dtype=float)
        return x, np.array([x]), np.array([float(f(x))])

    result = run_descent(tmp_path, knows_the_end)
    assert result.score == pytest.approx(
        10 * 4 / 11, abs=1e-3
    )  # returns, start, values, end: nothing of what is expected
    assert "It takes no step." in result.student
    assert "What a run comes to counts only where" in result.student


def test_an_iterate_that_is_no_point_is_no_step(tmp_path: Path) -> None:
    def nowhere(f: Any, grad_f: Any, x0: Any, *rest: Any) -> Any:
        grad_f(x0)
        x = np.full(2, np.nan)
        return x, np.array([x0, x]), np.array([float(f(np.array(x0))), np.nan])

    result = run_descent(tmp_path, nowhere, credit="per-point")
    assert (result.score, result.visible.right, result.hidden.right) == (0.0, 0, 0)
    # returns, start and calls; neither its values nor its end nor its stopping count for anything
    assert run_descent(tmp_path, nowhere).score == pytest.approx(10 * 3 / 11, abs=1e-3)


def test_a_descent_that_overflows_may_end_in_infinity(tmp_path: Path) -> None:
    spec = DESCENT.replace("max_iterations: 30", "max_iterations: 3000")
    result = run_descent(tmp_path, descends, spec)
    assert result.status is Status.OK, result.staff


def test_a_start_at_a_minimum_needs_no_step(tmp_path: Path) -> None:
    spec = DESCENT.replace("start: [4, 3]\n    learning_rate: 0.2", "start: [1e-9, 0]\n    learning_rate: 0.2").replace(
        ", iterations: {at_most: 60}, rate: {at_most: 0.65}", ""
    )
    assert run_descent(tmp_path, descends, spec).status is Status.OK


def test_a_descent_by_another_gradient_than_the_one_given_is_flagged(tmp_path: Path) -> None:
    def own(f: Any, grad_f: Any, *rest: Any) -> Any:
        return descends(lambda x: x[0] ** 2 + 2 * x[1] ** 2, lambda x: np.array([2 * x[0], 4 * x[1]]), *rest)

    result = run_descent(tmp_path, own)
    assert {flag.kind for flag in result.flags} == {FlagKind.OTHER}
    assert "grad_f" in result.flags[0].evidence


def test_a_trajectory_that_was_written_down_fails_from_hidden_starts(tmp_path: Path) -> None:
    def canned(f: Any, grad_f: Any, x0: Any, *rest: Any) -> Any:
        grad_f(np.array(x0))
        return descends(f, grad_f, np.array([4.0, 3.0]), *rest)

    result = run_descent(tmp_path, canned, credit="per-point")
    assert result.score == 5.0
    assert (result.visible.right, result.hidden.right) == (2, 0)
    assert "from all the starts that you can see" in result.student


PRODUCT = SPEC.replace("x**2 + 3*x*y + sin(y)", "exp(-x**2 - y**2)*sin(x*y)").replace(
    "[2*x + 3*y, 3*x + cos(y)]",
    "[exp(-x**2-y**2)*(y*cos(x*y)-2*x*sin(x*y)), exp(-x**2-y**2)*(x*cos(x*y)-2*y*sin(x*y))]",
)


@pytest.mark.parametrize(
    ("factor", "part"),
    [(-1.0, "one of its parts has the wrong sign"), (0.0, "a part is missing"), (2.0, "one of its parts")],
)
def test_a_mistake_in_a_part_of_a_product_is_not_called_one_of_the_whole(
    factor: float, part: str, tmp_path: Path
) -> None:
    def entry(x: float, y: float) -> Any:
        e, s, c = np.exp(-(x**2) - y**2), np.sin(x * y), np.cos(x * y)
        return np.array([e * (y * c - factor * 2 * x * s), e * (x * c - factor * 2 * y * s)])

    told = graded(bench_in(tmp_path, PRODUCT), entry).student
    assert part in told
    assert "each adds a part to the derivative" in told
    assert "right size" not in told
    assert not re.search(r"\d\.\d", told)


def test_one_mistake_in_all_components_is_hinted_at_once(tmp_path: Path) -> None:
    spec = """\
variables: {w: 2, b: 2}
function: sum(w**2 * b)
gradient: {w: 2*w*b, b: w**2}
points: [{w: [0.5, -1.25], b: [1.5, 2.25]}, {w: [1.5, 0.25], b: [-0.5, 1.25]}]
"""
    told = graded(bench_in(tmp_path, spec), lambda w, b: (-2 * w * b, -(w**2))).student.split("\n")
    assert [line for line in told if "wrong sign" in line] == [
        "All 4 components: right size, wrong sign. Which way does f change when that variable grows?"
    ]
