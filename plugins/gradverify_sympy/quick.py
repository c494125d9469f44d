"""The quick road: claims that exact forms prove, and values at points that hold no surprise, without SymPy.

What is not decided here, or not as plainly, goes SymPy's way from the start: claims that are wrong or written in a way
that forms do not see through, points at kinks and at edges of domains, cancellation beyond the balls' digits.
"""

from __future__ import annotations

import math

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
from gradverify_sympy.balls import Ball, Place, Unclear, Value, to_value
from gradverify_sympy.cases import Cases, is_clear
from gradverify_sympy.forms import Algebra, Beyond, Exponent, Sign, Terms
from gradverify_sympy.layout import claim_targets
from gradverify_sympy.reading import Condition, Need, Reader, are_granted, discards, is_shown
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
    # Few numbers are looked at one by one sooner than as an array; each of them costs far more below.
    if request.claimed is not None and not all(map(math.isfinite, request.claimed.ravel().tolist())):
        return None
    if not all(map(math.isfinite, request.points.ravel().tolist())):
        return None
    domain = problem.domain  # whose signs are taken for granted below
    if domain is not Domain.everywhere(problem.variables.size) and not domain.contains(request.points).all():
        return None
    try:
        return _estimate(problem, problem.function, request)
    except (Beyond, Unclear, RecursionError, MemoryError, ArithmeticError):
        return None


def _estimate(problem: Problem, function: ExpressionFunction, request: Request) -> Estimates | None:
    deadline = Deadline(float(problem.options.get("seconds", DEFAULT_SECONDS)))
    algebra = Algebra(_signs(problem.domain, problem.variables.size))
    derivative, needs, guards = _differentiate(problem, function, algebra)
    fixed: dict[tuple[int, Exponent], Ball] = {}
    places = [Place(algebra, point, fixed) for point in request.points.tolist()]
    proof = None
    if isinstance(problem.claim, ExpressionFunction) and claim_targets(problem) is not None:
        if not _is_proved(problem, function, problem.claim, algebra, derivative, needs, guards, places):
            return None
        proof = Proof(identical=True, components=(True,) * len(derivative), method=METHOD)
    values = function.evaluate(request.points).values
    # As it is written f may have no value, whatever has been cancelled.
    if any(map(math.isnan, values.ravel().tolist())):
        return None
    # What is enclosed here is enclosed rigorously: generators that mpmath has no bound for have no value.
    evidence = Evidence.PROVED if proof is not None and request.claimed is not None else Evidence.CERTIFIED
    relative, has_literals = problem.tolerance.relative, algebra.has_literals
    found: list[Value] = []
    count = len(places)
    places.reverse()
    while places:  # each is forgotten with all that it holds
        place = places.pop()
        if not deadline.left > 0:
            raise DoesNotApply("values at the points took longer than the time allowed")
        _require_plain(place, needs, guards)
        found += [to_value(place.of(terms), has_literals=has_literals, relative=relative) for terms in derivative]
    shape = (count, *problem.shape)
    value: Array = np.array([one.value for one in found]).reshape(shape)
    bound: Array = np.array([one.bound for one in found]).reshape(shape)
    points = [Estimate(value=v, error_bound=b, evidence=evidence) for v, b in zip(value, bound, strict=True)]
    return Estimates(points=tuple(points), evaluations=0, proof=proof)


def _signs(domain: Domain, n: int) -> list[Sign]:
    if domain is Domain.everywhere(n) or not (domain.low >= 0).any():
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
    places: list[Place],
) -> bool:
    n = problem.variables.size
    reader = Reader(algebra, n)
    claimed, claim_needs = _claimed(claim, reader, len(derivative) // n)
    if guards or reader.guards:
        # A branch not taken grants nothing, and NumPy's comparisons with NaN are false: only signs count.
        if not are_granted([*needs, *claim_needs], [], [], algebra):
            return False
    else:
        unclear = [need for need in claim_needs if not is_shown(need, algebra)]
        if unclear and not are_granted(unclear, [] if discards(function) else needs, derivative, algebra):
            return False
    if _same(algebra, derivative, claimed, places):
        return True
    if not algebra.has_literals:
        return False
    # For the decimals as they are written: 0.74*x for the slope of 0.37*x**2.
    exact = Algebra(_signs(problem.domain, n), literals_are_exact=True)
    derivative, _, _ = _differentiate(problem, function, exact)
    places = [Place(exact, place.point) for place in places]
    return _same(exact, derivative, _claimed(claim, Reader(exact, n), len(derivative) // n)[0], places)


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


def _same(algebra: Algebra, derivative: list[Terms], claimed: list[Terms], places: list[Place]) -> bool:
    if len(derivative) != len(claimed):
        return False
    cases = Cases(algebra, places)
    return all(cases.same(truth, claim) for truth, claim in zip(derivative, claimed, strict=True))


def _require_plain(place: Place, needs: list[Need], guards: list[Terms]) -> None:
    """Raise `Unclear` where f's needs are met only just or not at all, or where f changes its formula."""
    for need in needs:
        middle, radius = place.of(need.form)
        if not (middle > radius or (need.condition is Condition.NONZERO and -middle > radius)):
            raise Unclear
    if not all(is_clear(place, guard) for guard in guards):
        raise Unclear
