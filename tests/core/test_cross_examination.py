"""What differences alone may accuse a claim by: references that agree with f along lines across the axes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradverify.core.arrays import Array
from gradverify.core.cross_examination import is_inconsistent
from gradverify.core.judge import Code
from gradverify.core.problem import CallableFunction, Derivative, Domain, Problem
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.core.verify import verdict_of, verify
from gradverify.functions.callables import claim_from_callable, function_from_callable
from tests.core.fakes import telling, variables_of

SHAPES = {"p": (3,)}


def problem_of(f: Callable[[Array], float], claim: Callable[[Array], object] | None = None) -> Problem:
    variables = variables_of(SHAPES)
    function: CallableFunction = function_from_callable(f, variables, {}, ())
    return Problem(
        name="test", derivative=Derivative.GRADIENT, variables=variables, function=function,
        domain=Domain.everywhere(3),
        claim=None if claim is None else claim_from_callable(claim, variables, {}, Derivative.GRADIENT, ()),
    )  # fmt: skip


def staircase(p: Array) -> float:
    """|p|²/2 in steps of 1e-9: flat to whoever takes steps smaller than that."""
    return float(np.floor(0.5 * np.sum(p**2) * 1e9) * 1e-9)


def middle(p: Array) -> float:
    return float(np.median(p))


@pytest.mark.parametrize(
    ("f", "point", "reference", "inconsistent"),
    [
        (lambda p: float(p @ p), [1.0, 2.0, -1.0], [2.0, 4.0, -2.0], False),
        (lambda p: float(p @ p), [1.0, 2.0, -1.0], [2.0, 4.1, -2.0], True),
        (staircase, [1.0, 2.0, -1.0], [0.0, 0.0, 0.0], True),
        (staircase, [1.0, 2.0, -1.0], [1.0, 2.0, -1.0], False),
        (middle, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], True),
        (middle, [1.0, 2.0, 4.0], [0.0, 1.0, 0.0], False),
        (lambda p: 7.0, [1.0, 2.0, 4.0], [0.0, 1.0, 0.0], False),  # what does not move tells nothing
        (lambda p: float("nan"), [1.0, 2.0, 4.0], [0.0, 1.0, 0.0], False),
    ],
)
def test_a_reference_is_consistent_when_f_changes_as_it_says(
    f: Callable[[Array], float], point: list[float], reference: list[float], inconsistent: bool
) -> None:
    r = np.array([reference])
    assert is_inconsistent(problem_of(f), np.array(point), r, np.zeros_like(r), np.ones(3)) is inconsistent


@pytest.mark.parametrize(
    ("evidence", "expected"), [(Evidence.ESTIMATED, Verdict.INCONCLUSIVE), (Evidence.EXACT, Verdict.FAIL)]
)
def test_differences_that_f_contradicts_accuse_nobody_while_exact_references_do(
    evidence: Evidence, expected: Verdict
) -> None:
    problem = problem_of(staircase, lambda p: 1.0 * p)
    flat = claim_from_callable(lambda p: 1e-3 * p, problem.variables, {}, Derivative.GRADIENT, ())
    verified = verify(problem, np.array([[1.0, 2.0, -1.0]]), ["b"], telling(flat, evidence=evidence))
    assert verdict_of(verified)[0] is expected
    assert (verified.codes == Code.FAIL).any() == (expected is Verdict.FAIL)


def test_differences_that_f_confirms_accuse_the_wrong_claim() -> None:
    problem = problem_of(lambda p: float(p @ p), lambda p: 2.1 * p)
    truth = claim_from_callable(lambda p: 2.0 * p, problem.variables, {}, Derivative.GRADIENT, ())
    verified = verify(
        problem, np.array([[1.0, 2.0, -1.0]]), ["b"], telling(truth, bound=1e-9, evidence=Evidence.ESTIMATED)
    )
    assert verdict_of(verified)[0] is Verdict.FAIL
