"""The quick road: claims that exact forms prove, and values at points that hold no surprise, without SymPy.

What is not decided here, or not as plainly, goes SymPy's way from the start: claims that are wrong or written in a way
that forms do not see through, points at kinks and at edges of domains, cancellation beyond the balls' digits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradverify.plugin import (
    Array,
    Derivative,
    DoesNotApply,
    Domain,
    Estimate,
    Estimates,
    Evidence,
    ExpressionFunction,
    Problem,
    Proof,
    Request,
)
from gradverify_sympy.balls import Place, Unclear, to_value
from gradverify_sympy.cases import Cases, is_clear
from gradverify_sympy.forms import Algebra, Beyond, Sign, Terms
from gradverify_sympy.layout import claim_targets
from gradverify_sympy.reading import Condition, Need, Reader, are_granted, discards
from gradverify_sympy.timebox import DEFAULT_SECONDS, Deadline

METHOD = "symbolic identity"


def estimate_quickly(problem: Problem, request: Request) -> Estimates | None:
    """The whole answer where each point has a plain value and the claim, if it is a formula, is proved; None is a
    question for SymPy. Raises `DoesNotApply` where time is up.

    The proof is one of identity wherever claim and derivative, as they are written, have values, and the claim needs
    no more of its operands than function and derivative do. Values come from the function's own derivative, never from
    the claim.
    """
    if not isinstance(problem.function, ExpressionFunction):
        return None
    if request.claimed is not None and not np.isfinite(request.claimed).all():
        return None
    if not problem.domain.contains(request.points).all():  # the domain's signs are taken for granted below
        return None
    try:
        return _estimate(problem, problem.function, request)
    except (Beyond, Unclear, RecursionError, MemoryError, ArithmeticError):
        return None


def _estimate(problem: Problem, function: ExpressionFunction, request: Request) -> Estimates | None:
    deadline = Deadline(float(problem.options.get("seconds", DEFAULT_SECONDS)))
    algebra = Algebra(_signs(problem.domain, problem.variables.size))
    derivative, needs, guards = _differentiate(problem, function, algebra)
    proof, listed = None, request.points.tolist()
    if isinstance(problem.claim, ExpressionFunction) and claim_targets(problem) is not None:
        if not _is_proved(problem, function, problem.claim, algebra, derivative, needs, guards, listed):
            return None
        proof = Proof(identical=True, components=(True,) * len(derivative), method=METHOD)
    values = function.evaluate(request.points).values
    if np.isnan(values).any():  # as it is written, f has no value there, whatever has been cancelled
        return None
    # What is enclosed here is enclosed rigorously: generators that mpmath has no bound for have no value.
    evidence = Evidence.PROVED if proof is not None and request.claimed is not None else Evidence.CERTIFIED
    points = []
    for point in listed:
        if not deadline.left > 0:
            raise DoesNotApply("values at the points took longer than the time allowed")
        place = Place(algebra, point)
        _require_plain(place, needs, guards)
        points.append(_at(problem, place, derivative, algebra.has_literals, evidence))
    return Estimates(points=tuple(points), evaluations=0, proof=proof)


def _signs(domain: Domain, n: int) -> list[Sign]:
    if not (domain.low >= 0).any():
        return [Sign.UNKNOWN] * n
    return [
        Sign.POSITIVE if low > 0 or (low == 0 and is_open) else Sign.NONNEGATIVE if low == 0 else Sign.UNKNOWN
        for low, is_open in zip(domain.low.tolist(), domain.low_open.tolist(), strict=True)
    ]


def _differentiate(
    problem: Problem, function: ExpressionFunction, algebra: Algebra
) -> tuple[list[Terms], list[Need], list[Terms]]:
    """The derivative, entry by entry in C order, what the function needs, and where it changes its formula: at the
    zeros of the last."""
    n = problem.variables.size
    reader = Reader(algebra, n)
    trees, needs = reader.read(function)
    functions = [terms for tree in trees for terms in tree]
    if problem.derivative is Derivative.HESSIAN:
        slopes = algebra.gradient(functions[0])
        functions = [slopes.get(i, {}) for i in range(n)]
    derivative = []
    for terms in functions:
        slopes = algebra.gradient(terms)
        derivative += [slopes.get(i, {}) for i in range(n)]
    return derivative, needs, reader.guards


def _is_proved(
    problem: Problem,
    function: ExpressionFunction,
    claim: ExpressionFunction,
    algebra: Algebra,
    derivative: list[Terms],
    needs: list[Need],
    guards: list[Terms],
    points: Sequence[list[float]],
) -> bool:
    n = problem.variables.size
    reader = Reader(algebra, n)
    claimed, claim_needs = _claimed(claim, reader, len(derivative) // n)
    if guards or reader.guards:
        # A branch not taken grants nothing, and NumPy's comparisons with NaN are false: only signs count.
        if not are_granted([*needs, *claim_needs], [], [], algebra):
            return False
    elif not are_granted(claim_needs, [] if discards(function) else needs, derivative, algebra):
        return False
    if _same(algebra, derivative, claimed, points):
        return True
    if not algebra.has_literals:
        return False
    # For the decimals as they are written: 0.74*x for the slope of 0.37*x**2.
    exact = Algebra(_signs(problem.domain, n), literals_are_exact=True)
    derivative, _, _ = _differentiate(problem, function, exact)
    return _same(exact, derivative, _claimed(claim, Reader(exact, n), len(derivative) // n)[0], points)


def _claimed(claim: ExpressionFunction, reader: Reader, rows: int) -> tuple[list[Terms], list[Need]]:
    """The claim in the derivative's layout, and what it needs."""
    trees, needs = reader.read(claim)
    if len(trees) == 1:
        return trees[0], needs
    widths = [len(entries) // rows for entries in trees]
    entries = [
        entry
        for row in range(rows)
        for tree, width in zip(trees, widths, strict=True)
        for entry in tree[row * width : (row + 1) * width]
    ]
    return entries, needs


def _same(algebra: Algebra, derivative: list[Terms], claimed: list[Terms], points: Sequence[list[float]]) -> bool:
    if len(derivative) != len(claimed):
        return False
    cases = Cases(algebra, [Place(algebra, point) for point in points])
    return all(cases.same(truth, claim) for truth, claim in zip(derivative, claimed, strict=True))


def _require_plain(place: Place, needs: list[Need], guards: list[Terms]) -> None:
    """Raise `Unclear` where f's needs are met only just or not at all, or where f changes its formula."""
    for need in needs:
        middle, radius = place.of(need.form)
        if not (middle > radius or (need.condition is Condition.NONZERO and -middle > radius)):
            raise Unclear
    if not all(is_clear(place, guard) for guard in guards):
        raise Unclear


def _at(problem: Problem, place: Place, derivative: list[Terms], has_literals: bool, evidence: Evidence) -> Estimate:
    """The derivative at one point."""
    relative = problem.tolerance.relative
    found = [to_value(place.of(terms), has_literals=has_literals, relative=relative) for terms in derivative]
    value: Array = np.array([one.value for one in found]).reshape(problem.shape)
    bound: Array = np.array([one.bound for one in found]).reshape(problem.shape)
    return Estimate(value=value, error_bound=bound, evidence=evidence)
