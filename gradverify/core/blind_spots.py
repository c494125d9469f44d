"""What the listed points could not have revealed: the claim is mutated, and mutants that still pass are reported.

A mutant is caught by a point when it would have been judged wrong there, with the reference and bound that the point
had. This is
mutation testing (DeMillo, Lipton & Sayward 1978, "Hints on test data selection") with the spec's points as the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Mask, Matrix, Vector
from gradverify.core.candidates import candidates
from gradverify.core.conclude import MOST_COMPONENTS, component
from gradverify.core.examine import examine
from gradverify.core.problem import Derivative, ExpressionFunction, Problem
from gradverify.core.report import BlindSpot
from gradverify.core.search import complexity, is_generic
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Verified, best_reference, component_label
from gradverify.expression.evaluate import evaluate_trees
from gradverify.expression.guards import guards
from gradverify.expression.numpy_arithmetic import NUMPY

MOST_MUTATED = 64  # components that are mutated one by one; beyond, whole variables are
TRIED_POINTS = 48  # where a better point is looked for
MOST_REPORTED = 24
SHORT_DIGITS = 2  # of the components of a point that is recommended for code


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of some components of the claim: `apply` takes values (k, c) and points (k, n) to those components'
    mutated values, in the order of `indices`."""

    fault: Fault
    indices: tuple[int, ...]
    text: str  # "the wrong sign"
    apply: Callable[[Matrix, Matrix], Matrix]


@dataclass(frozen=True, slots=True)
class Score:
    """How many mutants the points catch."""

    caught: int
    mutants: int
    spots: tuple[BlindSpot, ...]

    @property
    def share(self) -> float:
        """The share of mutants caught, 1 when there is none."""
        return self.caught / self.mutants if self.mutants else 1.0


def mutants(verified: Verified) -> Iterator[Mutant]:
    """The mutants of a claim with c components of n variables."""
    problem = verified.problem
    c, n = verified.claim.values.shape[1], problem.variables.size
    groups: list[tuple[int, ...]] = [(i,) for i in range(c)]
    if c > MOST_MUTATED:
        groups = [tuple(range(v.offset, v.offset + v.size)) for v in problem.variables] if c == n else [tuple(range(c))]
    for group in groups:
        yield Mutant(Fault.SIGN, group, "the wrong sign", _scale(group, -1.0))
        yield Mutant(Fault.FACTOR, group, "a factor of 2", _scale(group, 2.0))
        yield Mutant(Fault.ZEROED_COMPONENT, group, "0 instead of its value", _scale(group, 0.0))
        if problem.derivative is Derivative.GRADIENT:
            yield Mutant(Fault.LOG_PARAMETER, group, "a factor of the variable itself", _times_variable(group))
    if 2 <= c <= MOST_MUTATED:
        for i in range(c - 1):
            yield Mutant(Fault.SWAPPED_COMPONENTS, (i, i + 1), "swapped with its neighbour", _swap(i, i + 1))
    for variable in problem.variables:
        if c == n and len(variable.shape) == 2 and variable.shape[0] == variable.shape[1] > 1:
            group = tuple(range(variable.offset, variable.offset + variable.size))
            yield Mutant(Fault.TRANSPOSED, group, "its transpose", _transpose(group, variable.shape[0]))


def _scale(group: tuple[int, ...], factor: float) -> Callable[[Matrix, Matrix], Matrix]:
    return lambda values, _points: values[:, group] * factor


def _times_variable(group: tuple[int, ...]) -> Callable[[Matrix, Matrix], Matrix]:
    return lambda values, points: values[:, group] * points[:, group]


def _swap(i: int, j: int) -> Callable[[Matrix, Matrix], Matrix]:
    return lambda values, _points: values[:, (j, i)]


def _transpose(group: tuple[int, ...], side: int) -> Callable[[Matrix, Matrix], Matrix]:
    def apply(values: Matrix, _points: Matrix) -> Matrix:
        block = values[:, group].reshape((-1, side, side))
        return block.transpose(0, 2, 1).reshape((-1, side * side))

    return apply


def score(verified: Verified, seed: int) -> Score:
    """Judge every mutant by the points of `verified`, a claim that passed; each blind spot has a point that helps."""
    reference, bound = best_reference(verified)
    claimed, points = verified.claim.values, verified.points
    tolerance = verified.problem.tolerance
    with np.errstate(all="ignore"):
        # Judged wrong: off by more than tolerance and bound together.
        known = np.where(np.isfinite(reference) & np.isfinite(bound), bound, np.inf)
        enough = 2 * (tolerance.relative * np.abs(claimed) + tolerance.absolute) + known
        usual = _all_caught(verified.problem, claimed, points, enough)
        if usual is not None:
            return Score(usual, usual, ())
        every = list(mutants(verified))
        total = len(every)
        alive = [m for m in every if not _caught(m, claimed, points, enough)]
    if not alive:
        return Score(total, total, ())
    tried = _tried(verified.problem, points, seed)
    claim = verified.problem.claim
    values = (
        examine(claim, tried, repeat=False).values
        if claim is not None and tried.shape[0]
        else np.empty((0, claimed.shape[1]))
    )
    smooth = _looks_smooth(verified.problem, tried)
    spots, hopeless = [], 0
    for mutant in alive:
        better = _better_point(mutant, values, tried, smooth)
        if better is None:
            # No point tells this mutant from the claim: it is the same function (a component that is 0 everywhere).
            hopeless += 1
            continue
        spots.append(_spot(mutant, verified, better))
    return Score(total - len(alive), total - hopeless, tuple(spots[:MOST_REPORTED]))


def _all_caught(problem: Problem, claimed: Matrix, points: Matrix, enough: Matrix) -> int | None:
    """How many mutants there are, if some point shows each of them: the same question as `_caught`, asked of the
    components of all mutants of a kind at once. None where one may be left, or where other kinds are due."""
    (k, c), n = claimed.shape, problem.variables.size
    if not 0 < c <= MOST_MUTATED or any(len(variable.shape) > 1 for variable in problem.variables):
        return None
    kinds = [claimed * -1.0, claimed * 2.0, claimed * 0.0]
    if problem.derivative is Derivative.GRADIENT:
        if c != n:
            return None
        kinds.append(claimed * points)
    gaps = np.abs(np.concatenate([kind - claimed for kind in kinds]).reshape((len(kinds), k, c)))
    if not (gaps > enough).any(axis=1).all():
        return None
    swapped = np.abs(claimed[:, 1:] - claimed[:, :-1])
    if not ((swapped > enough[:, 1:]) | (swapped > enough[:, :-1])).any(axis=0).all():
        return None
    return int(len(kinds) * c + c - 1)


def _caught(mutant: Mutant, claimed: Matrix, points: Matrix, enough: Matrix) -> bool:
    """Whether a point shows the mutant: it is off by more than `enough`, shape (k, c)."""
    gap = np.abs(mutant.apply(claimed, points) - claimed[:, mutant.indices])
    return bool((gap > enough[:, mutant.indices]).any())


def _tried(problem: Problem, points: Matrix, seed: int) -> Matrix:
    """Points that may tell mutants from the claim: candidates of a search, and for code those without ties in short."""
    tried = candidates(problem, points, (), TRIED_POINTS, seed)
    if isinstance(problem.function, ExpressionFunction) or problem.variables.size > MOST_MUTATED:
        return tried
    generic = tried[is_generic(tried)]
    short = np.array([[float(f"{v:.{SHORT_DIGITS}g}") for v in row] for row in generic.tolist()]).reshape(generic.shape)
    short = short[problem.domain.contains(short).all(axis=1) & is_generic(short)]
    return np.concatenate([tried, short])


def _looks_smooth(problem: Problem, tried: Matrix) -> Mask:
    """Which of the points, (p, n), are none where f has no derivative, as far as that can be seen; shape (p,).

    Whatever lies between the slopes at a kink is right there, mutants as well. Of code nothing is known, but kinks
    like zeros and ties.
    """
    if not isinstance(problem.function, ExpressionFunction):
        return is_generic(tried)
    smooth = np.ones(len(tried), dtype=np.bool_)
    values = problem.variables.split(tried)
    for tree in problem.function.trees:
        nodes = tuple(guard.node for guard in guards(tree))
        for found in evaluate_trees(nodes, values, NUMPY, len(tried), problem.function.constants) if nodes else ():
            smooth &= (np.asarray(found).reshape((len(tried), -1)) != 0).all(axis=1)
    return smooth


def _better_point(mutant: Mutant, values: Matrix, tried: Matrix, smooth: Mask) -> Vector | None:
    """The simplest of the points that show the mutant, and of those one where f looks smooth, if there is any."""
    if not tried.shape[0]:
        return None
    with np.errstate(all="ignore"):
        before = values[:, mutant.indices]
        gap = np.abs(mutant.apply(values, tried) - before)
        usable = np.isfinite(values).all(axis=1) & (np.abs(tried).max(axis=1) <= 100.0)
        # Twice over the tolerance is too little to recommend a point by: ask for a hundredth of the component's value.
        clear = (gap > 1e-2 * np.abs(before)).any(axis=1) & usable
    rows = np.flatnonzero(clear)
    if not rows.size:
        return None
    best: Vector = tried[min(rows.tolist(), key=lambda row: (not smooth[row], complexity(tried[row])))]
    return best


def _spot(mutant: Mutant, verified: Verified, better: Vector) -> BlindSpot:
    parts = tuple(component(verified.problem, i) for i in mutant.indices)
    names = [component_label(verified.problem, i) for i in mutant.indices]
    shown = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
    if mutant.fault is Fault.SWAPPED_COMPONENTS:
        message = f"{names[0]} and {names[1]} could be swapped and every listed point would still agree"
    else:
        message = f"{shown} could have {mutant.text} and every listed point would still agree"
    point = tuple(better[:MOST_COMPONENTS].tolist())
    return BlindSpot(fault=mutant.fault, components=parts, message=message, better_point=point)
