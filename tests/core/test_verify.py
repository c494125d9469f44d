"""A claim against backends: passes, faults, contradictions, kinks, and what the claim shows by itself."""

from __future__ import annotations

import numpy as np
import pytest

from gradverify.core.arrays import Array
from gradverify.core.diagnosis.diagnose import diagnose
from gradverify.core.estimates import Kink, Note
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative, Problem, Request
from gradverify.core.verdicts import AtKinks, Evidence, Fault, NoteKind, Verdict
from gradverify.core.verify import Answer, claim_fault, verdict_of, verify
from gradverify.functions.callables import claim_from_callable
from tests.core.fakes import Parts, check, claim_of, problem_of, telling, variables_of

SHAPES = {"x": (), "y": ()}
TRUTH = {"x": "2*x*y", "y": "x**2"}


def python_claim(function: object) -> object:
    return claim_from_callable(function, variables_of(SHAPES), {}, Derivative.GRADIENT, ())  # type: ignore[arg-type]


def with_claim(function: object) -> Problem:
    return problem_of("x**2*y", python_claim(function), SHAPES)  # type: ignore[arg-type]


def verdict(problem: Problem, points: list[list[float]], **kw: object) -> tuple[Verdict, str | None]:
    ask = telling(claim_of(TRUTH, SHAPES), **kw)  # type: ignore[arg-type]
    return verdict_of(verify(problem, np.array(points), ["truth"], ask))


def test_a_right_claim_passes() -> None:
    verified, _ = check(problem_of("x**2*y", TRUTH), TRUTH, [[1, 2], [0.5, -1]])
    assert verdict_of(verified) == (Verdict.PASS, None)


@pytest.mark.parametrize(
    "claim",
    [
        {"x": "-2*x*y", "y": "x**2"},
        {"x": "2*x*y", "y": "x**2*(1 + 2e-6)"},
        {"x": "x**2", "y": "2*x*y"},
        {"x": "0*x", "y": "x**2"},
        {"x": "2*x*y + 1e-5", "y": "x**2"},
    ],
)
def test_a_wrong_claim_fails(claim: dict[str, str]) -> None:
    verified, _ = check(problem_of("x**2*y", claim), TRUTH, [[1, 2], [0.5, -1]])
    assert verdict_of(verified)[0] is Verdict.FAIL


def test_a_huge_neighbour_does_not_hide_a_fault_in_a_tiny_component() -> None:
    truth = {"x": "1e12*x", "y": "1e-12*y"}
    claim = {"x": "1e12*x", "y": "-1e-12*y"}
    f = "5e11*x**2 + 5e-13*y**2"
    assert verdict_of(check(problem_of(f, truth), truth, [[1, 2]])[0])[0] is Verdict.PASS
    assert verdict_of(check(problem_of(f, claim), truth, [[1, 2]])[0])[0] is Verdict.FAIL


def test_a_claim_that_changes_its_input_fails_although_its_values_are_right() -> None:
    def guilty(p: Array) -> Array:
        out = 2 * p
        p[0] = 0.0
        return out

    shapes = {"p": (2,)}
    claim = claim_from_callable(guilty, variables_of(shapes), {}, Derivative.GRADIENT, ())
    problem = problem_of("sum(p**2)", claim, shapes)
    verified = verify(problem, np.array([[1.0, 2.0]]), ["truth"], telling(claim_of({"p": "2*p"}, shapes)))
    assert verdict_of(verified)[0] is Verdict.FAIL
    assert claim_fault(verified) is Fault.MUTATES_INPUT


def test_a_claim_that_answers_differently_the_second_time_fails() -> None:
    calls = []

    def moody(x: float, y: float) -> list[float]:
        calls.append(1)
        return [2 * x * y, x**2 + 1e-9 * len(calls)]

    verified = verify(with_claim(moody), np.array([[1.0, 2.0]]), ["truth"], telling(claim_of(TRUTH, SHAPES)))
    assert verdict_of(verified)[0] is Verdict.FAIL
    assert claim_fault(verified) is Fault.NONDETERMINISTIC


def test_a_claim_that_raises_fails_with_its_own_words() -> None:
    def raising(x: float, y: float) -> list[float]:
        raise ValueError("no gradient today")

    outcome, reason = verdict(with_claim(raising), [[1, 2]])
    assert outcome is Verdict.FAIL
    assert reason is not None
    assert "ValueError: no gradient today" in reason


def test_a_claim_of_the_wrong_shape_fails_with_both_shapes() -> None:
    outcome, reason = verdict(with_claim(lambda x, y: np.zeros(3)), [[1, 2]])
    assert outcome is Verdict.FAIL
    assert "(3,)" in (reason or "")
    assert "(2,)" in (reason or "")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_claim_that_is_not_finite_where_f_is_fails(value: float) -> None:
    assert verdict(with_claim(lambda x, y: [value, x**2]), [[1, 2]])[0] is Verdict.FAIL


def test_a_nan_claim_fails_even_where_no_backend_has_a_value() -> None:
    ask = telling(claim_of({"x": "log(-1 - x**2)", "y": "log(-1 - x**2)"}, SHAPES))
    verified = verify(with_claim(lambda x, y: [np.nan, 1.0]), np.array([[1.0, 2.0]]), ["truth"], ask)
    assert verdict_of(verified)[0] is Verdict.FAIL


def test_a_function_that_is_not_finite_is_inconclusive_with_the_reason() -> None:
    problem = problem_of("log(x)*y", {"x": "y/x", "y": "log(x)"})
    verified = verify(problem, np.array([[-1.0, 2.0]]), ["t"], telling(claim_of({"x": "y/x", "y": "log(x)"}, SHAPES)))
    outcome, reason = verdict_of(verified)
    assert outcome is Verdict.INCONCLUSIVE
    assert "not finite" in (reason or "")


def test_a_wide_bound_is_inconclusive_and_the_note_is_the_reason() -> None:
    note = Note(NoteKind.NOISE, "f is noisy at a level of 1e-7")
    outcome, reason = verdict(problem_of("x**2*y", TRUTH), [[1, 2]], bound=1e-3, notes=[note])
    assert outcome is Verdict.INCONCLUSIVE
    assert "noisy at a level of 1e-7" in (reason or "")


@pytest.mark.parametrize(
    ("at_kinks", "slope", "expected"),
    [
        (AtKinks.ACCEPT_SUBGRADIENT, "0.3 + 0*x", Verdict.PASS),
        (AtKinks.ACCEPT_SUBGRADIENT, "1.3 + 0*x", Verdict.FAIL),
        (AtKinks.FAIL, "0.3 + 0*x", Verdict.FAIL),
        (AtKinks.SKIP, "1.3 + 0*x", Verdict.INCONCLUSIVE),
    ],
)
def test_a_kink_is_judged_as_the_spec_asks(at_kinks: AtKinks, slope: str, expected: Verdict) -> None:
    problem = problem_of("abs(x)", {"x": slope})
    kink = Kink(0, -1.0, 1.0, 1e-9)
    ask = telling(claim_of({"x": "0*x"}, {"x": ()}), bound=np.inf, kinks=[kink])
    verified = verify(problem, np.array([[0.0]]), ["truth"], ask, at_kinks)
    assert verdict_of(verified)[0] is expected


@pytest.mark.parametrize(
    ("slope", "said", "denied", "diagnosed"),
    [
        (
            "0.3 + 0*x",
            "the claimed 0.3 lies between them, which is a subgradient; the spec asks",
            "no subgradient",
            False,
        ),
        ("1.3 + 0*x", "the claimed 1.3 does not lie between them", "at_kinks", True),
    ],
)
def test_a_claim_that_a_spec_refuses_at_a_kink_is_called_a_subgradient_if_it_is_one(
    slope: str, said: str, denied: str, diagnosed: bool
) -> None:
    problem = problem_of("abs(x)", {"x": slope})
    ask = telling(claim_of({"x": "0*x"}, {"x": ()}), bound=np.inf, kinks=[Kink(0, -1.0, 1.0, 1e-9)])
    verified = verify(problem, np.array([[0.0]]), ["truth"], ask, AtKinks.FAIL)
    reason = verdict_of(verified)[1] or ""
    assert said in reason
    assert denied not in reason
    assert bool(diagnose(verified, ask, Parts(problem))) is diagnosed


def test_two_backends_that_contradict_one_another_decide_nothing() -> None:
    wrong = {"x": "3*x*y", "y": "x**2"}
    ask = telling(claim_of(TRUTH, SHAPES), others={"other": claim_of(wrong, SHAPES)})
    verified = verify(problem_of("x**2*y", TRUTH), np.array([[1.0, 2.0]]), ["truth", "other"], ask)
    outcome, reason = verdict_of(verified)
    assert outcome is Verdict.INCONCLUSIVE
    assert "contradict" in (reason or "")


def test_two_backends_outweigh_one_that_contradicts_them() -> None:
    wrong = {"x": "3*x*y", "y": "x**2"}
    ask = telling(claim_of(TRUTH, SHAPES), others={"odd": claim_of(wrong, SHAPES)})
    points = np.array([[1.0, 2.0]])
    right = verify(problem_of("x**2*y", TRUTH), points, ["a", "b", "odd"], ask)
    assert verdict_of(right)[0] is Verdict.PASS
    assert right.contradictions
    assert verdict_of(verify(problem_of("x**2*y", wrong), points, ["a", "b", "odd"], ask))[0] is Verdict.FAIL


def test_an_accuser_whose_reference_an_inexact_backend_excludes_decides_nothing() -> None:
    wrong, vague = {"x": "3*x*y", "y": "x**2"}, 1e-3  # relative: too wide to decide, and clear of 3xy
    exact, inexact = telling(claim_of(wrong, SHAPES)), telling(claim_of(TRUTH, SHAPES), bound=vague)

    def ask(name: str, problem: Problem, request: Request) -> Answer:
        return (exact if name == "odd" else inexact)(name, problem, request)

    points = np.array([[1.0, 2.0]])
    outcome, reason = verdict_of(verify(problem_of("x**2*y", TRUTH), points, ["odd", "vague"], ask))
    assert outcome is Verdict.INCONCLUSIVE
    assert "contradict" in (reason or "")
    twin = problem_of("x**2*y", {"x": "5*x*y", "y": "x**2"})  # wrong by either reference
    assert verdict_of(verify(twin, points, ["odd", "vague"], ask))[0] is Verdict.FAIL


def test_round_off_that_scatters_about_the_reference_is_no_fault() -> None:
    shapes = {"x": ()}
    truth = claim_of({"x": "x"}, shapes)
    rounded = problem_of("x**2/2", {"x": "(x + 1) - 1"}, shapes)
    biased = problem_of("x**2/2", {"x": "x*(1 + 1e-4)"}, shapes)
    points = np.array([[3e-12]])
    assert verdict_of(verify(rounded, points, ["truth"], telling(truth)))[0] is Verdict.INCONCLUSIVE
    assert verdict_of(verify(biased, points, ["truth"], telling(truth)))[0] is Verdict.FAIL


def test_directions_pass_no_component_whose_exact_reference_shows_round_off() -> None:
    import gradverify

    def f(p: Array) -> object:
        return np.sum(p[1:] ** 2) + p[0] ** 2 / 2

    def rounded(p: Array) -> Array:
        return np.concatenate([[(p[0] + 1) - 1], 2 * p[1:]])

    def exact(p: Array) -> Array:
        return np.concatenate([[p[0]], 2 * p[1:]])

    point = np.concatenate([[3e-12], np.linspace(1, 2, 600)])  # too many for differences one by one
    verdicts = [gradverify.check(f, claim, at=[point]).specs[0].verdict for claim in (rounded, exact)]
    assert verdicts == [Verdict.INCONCLUSIVE, Verdict.PASS]


@pytest.mark.parametrize(
    ("claim", "point"),
    [
        ({"x": "exp(x)*y*(1 + 5e-3*(x - 1))", "y": "exp(x)"}, [1.0005, 1.0]),
        ({"x": "exp(x)*y*(1 + 0.1*(x - y))", "y": "exp(x)"}, [1.0001, 1.0]),
    ],
)
def test_a_fault_that_passes_through_zero_beside_the_point_is_no_round_off(
    claim: dict[str, str], point: list[float]
) -> None:
    verified, _ = check(problem_of("exp(x)*y", claim), {"x": "exp(x)*y", "y": "exp(x)"}, [point])
    assert verdict_of(verified)[0] is Verdict.FAIL


def test_an_absolute_tolerance_alone_is_never_a_pass() -> None:
    from gradverify.core.problem import Tolerance

    problem = problem_of("1e-9*x", {"x": "2e-9 + 0*x"}, tolerance=Tolerance(1e-6, 1e-6))
    verified, _ = check(problem, {"x": "1e-9 + 0*x"}, [[1.0]])
    assert (verified.codes == Code.EXCUSED).all()
    assert verdict_of(verified)[0] is Verdict.INCONCLUSIVE


def test_no_backend_at_all_is_inconclusive() -> None:
    verified = verify(problem_of("x**2*y", TRUTH), np.array([[1.0, 2.0]]), [], telling(claim_of(TRUTH, SHAPES)))
    assert verdict_of(verified)[0] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("evidence", [Evidence.ESTIMATED, Evidence.CERTIFIED])
def test_evidence_is_the_backends(evidence: Evidence) -> None:
    from gradverify.core.conclude import evidence_of

    ask = telling(claim_of(TRUTH, SHAPES), evidence=evidence)
    verified = verify(problem_of("x**2*y", TRUTH), np.array([[1.0, 2.0]]), ["truth"], ask)
    assert evidence_of(verified) is evidence


def test_a_component_that_is_zero_everywhere_passes_as_zero_and_nothing_else() -> None:
    truth = {"x": "2*x", "y": "0*y"}
    points = np.array([[1.0, 2.0]])

    def tiny(name: str, problem: Problem, request: object) -> object:
        from gradverify.core.estimates import Estimate, Estimates
        from gradverify.core.verify import Answer

        value = np.array([2.0, 0.0])
        bound = np.array([1e-15, 7e-27])
        return Answer(
            name,
            Estimates(points=(Estimate(value=value, error_bound=bound, evidence=Evidence.ESTIMATED),), evaluations=1),
        )

    right = verify(problem_of("x**2 + 0*y", truth), points, ["b"], tiny)  # type: ignore[arg-type]
    assert verdict_of(right)[0] is Verdict.PASS
    wrong = verify(problem_of("x**2 + 0*y", {**truth, "y": "1e-9 + 0*y"}), points, ["b"], tiny)  # type: ignore[arg-type]
    assert verdict_of(wrong)[0] is Verdict.FAIL
