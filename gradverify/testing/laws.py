"""The laws that every backend must keep, tried on one problem with a known derivative."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Tensor, Vector
from gradverify.core.estimates import Backend, DoesNotApply, Estimate, Estimates
from gradverify.core.problem import Evaluation, Function, Problem, Request, one_line
from gradverify.core.usable import check_estimates
from gradverify.core.verdicts import NoteKind
from gradverify.testing.cases import Case
from gradverify.testing.problems import problem_from_callable, problem_from_expression

# The lie told to a backend as its claim: every component off by this much of itself and of the largest.
LIE = 0.01
# A backend that bounds no component of any case within this relative error is honest and useless.
USEFUL = 1e-3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one case came to: the broken laws, or why the backend says that it does not apply."""

    faults: tuple[str, ...] = ()
    declined: str | None = None
    useful: bool = False  # some component is bounded well


@dataclass(frozen=True, slots=True)
class Trial:
    """A case as a problem, with its truth: values and their own uncertainty, both (k, *shape)."""

    name: str
    case: Case
    problem: Problem
    truth: Tensor
    slack: Tensor


def trials(case: Case) -> Iterator[Trial]:
    """The case as a Python function, and as an expression where it is one."""
    outside = _Outside(case)
    problem = problem_from_callable(
        outside.function, case.derivative_at, case.shapes, derivative=case.derivative, outputs=case.outputs,
        constants=case.constants, domain=case.domain, precision=case.precision, name=case.name,
    )  # fmt: skip
    claim = problem.claim
    assert claim is not None
    truth = claim.evaluate(case.matrix).values
    for row, component in case.no_derivative:
        truth[row].reshape(-1)[component] = np.nan
    slack = case.truth_error * float(np.finfo(np.float64).eps) * np.abs(truth)
    yield Trial(f"{case.name}-python", case, problem, truth, slack)
    if case.expression is not None:
        problem = problem_from_expression(
            case.expression, case.claim, case.shapes, derivative=case.derivative, constants=case.constants,
            domain=case.domain, precision=case.precision, name=case.name,
        )  # fmt: skip
        yield Trial(f"{case.name}-expression", case, problem, truth, slack)


class _Outside:
    """The case's function, which refuses to be evaluated outside its domain, as many functions do."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def function(self, *arguments: Array, **constants: Array) -> Array:
        """Call the case's function inside the domain; NaN outside, which a backend must stay away from."""
        domain = self.case.domain
        if domain is not None and all(isinstance(a, float | np.ndarray) for a in arguments):
            point = np.concatenate([np.ravel(a) for a in arguments])
            if point.dtype.kind == "f" and not domain.contains(point[None]).all():
                raise ValueError(f"evaluated outside the domain, at {point.tolist()}")
        value: Array = self.case.function(*arguments, **constants)
        return value


def outcome_of(backend: Backend, trial: Trial) -> Outcome:
    """Try every law on `trial`."""
    try:
        reason = backend.why_not(trial.problem)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return Outcome((f"why_not raised {one_line(error)}",))
    if reason is not None:
        if not isinstance(reason, str) or not reason.strip():
            return Outcome((f"why_not returned {reason!r}: it must be None or a reason",))
        if backend.why_not(trial.problem) != reason:
            return Outcome(("why_not answers differently when asked twice",))
        return Outcome(declined=reason)
    points = trial.case.matrix
    try:
        first = _ask(backend, trial.problem, points, trial.truth)
    except DoesNotApply as refusal:
        return Outcome(declined=str(refusal) or "no reason given")
    except _Broken as broken:
        return Outcome((str(broken),))
    faults = [*_untrue(trial, first, "with the right claim"), *_unproved(first, right=True)]
    faults += _with_other_questions(backend, trial, first)
    return Outcome(tuple(dict.fromkeys(faults)), useful=_is_useful(first))


class _Broken(Exception):  # noqa: N818 - the law broken is the message
    """The answer cannot be looked at further."""


def _ask(backend: Backend, problem: Problem, points: Matrix, claimed: Tensor | None) -> Estimates:
    """Ask once; an answer that is no answer, or that leaves a trace in the process, is `_Broken`."""
    given = Request(points.copy(), None if claimed is None else claimed.copy())
    before = (np.geterr(), repr(np.random.get_state()), threading.active_count())  # noqa: NPY002 - to see that it stays
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            answer = backend.estimate(problem, given)
        except DoesNotApply:
            raise
        except Warning as warning:
            raise _Broken(f"estimate warned: {one_line(warning)}") from warning
        except Exception as error:
            raise _Broken(f"estimate raised {one_line(error)}") from error
    fault = check_estimates(problem, given, answer)
    if fault is not None:
        raise _Broken(f"the answer is unusable: {fault}")
    if not np.array_equal(given.points, points):
        raise _Broken("estimate changed the points it was given")
    if claimed is not None and not np.array_equal(np.asarray(given.claimed), claimed, equal_nan=True):
        raise _Broken("estimate changed the claimed values it was given")
    after = (np.geterr(), repr(np.random.get_state()), threading.active_count())  # noqa: NPY002
    for what, was, now in zip(
        ("NumPy's error settings", "the global random state", "threads"), before, after, strict=True
    ):
        if was != now:
            raise _Broken(f"estimate left {what} changed behind it")
    return answer


def _with_other_questions(backend: Backend, trial: Trial, first: Estimates) -> Iterator[str]:
    """The same problem asked again, point by point, without claimed values, and with a lie for a claim."""
    points, problem = trial.case.matrix, trial.problem
    lie = _lie(trial.truth)
    false_problem = replace(problem, claim=_Shifted(problem.claim, trial.truth, lie, points))
    try:
        if not _same(first, _ask(backend, problem, points, trial.truth)):
            yield "asked twice, it answers differently"
        for row in range(points.shape[0]):
            if not _same_alone(backend, trial, row, first.points[row]):
                yield f"asked for point {row + 1} alone, it answers differently, by more than its bounds"
        yield from _untrue(trial, _ask(backend, problem, points, None), "without claimed values")
        fooled = _ask(backend, false_problem, points, lie)
        yield from _untrue(trial, fooled, "with a wrong claim")
        yield from _unproved(fooled, right=False)
    except DoesNotApply as refusal:
        yield f"it applied at first, then raised DoesNotApply: {refusal}"
    except _Broken as broken:
        yield str(broken)


def _same_alone(backend: Backend, trial: Trial, row: int, among_others: Estimate) -> bool:
    """Whether the answer for one point alone fits the one it got among the others."""
    try:
        alone = _ask(backend, trial.problem, trial.case.matrix[row : row + 1], trial.truth[row : row + 1])
    except DoesNotApply:  # says no less than the answer that nothing is known there
        return not np.isfinite(among_others.error_bound).any()
    return _compatible(among_others, alone.points[0])


@dataclass(frozen=True, slots=True)
class _Shifted:
    """A wrong claim: the right one, moved by as much as the lie at the first point."""

    claim: Function | None
    truth: Tensor
    lie: Tensor
    points: Matrix
    kind: str = "python"

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.truth.shape[1:]

    def evaluate(self, points: Array) -> Evaluation:
        """The lie at the case's points, and the right claim moved elsewhere."""
        assert self.claim is not None
        right = self.claim.evaluate(points)
        shift = np.nan_to_num(self.lie[0] - self.truth[0])
        return replace(right, values=right.values + shift)


def _lie(truth: Tensor) -> Tensor:
    """Claimed values that are wrong in every component, by little."""
    size = np.nan_to_num(np.abs(truth))
    wrong: Tensor = truth + LIE * size + LIE * (float(np.max(size, initial=0.0)) or 1.0)
    return wrong


def _untrue(trial: Trial, answer: Estimates, when: str) -> Iterator[str]:
    """Each point at which the truth lies outside the bounds, or where a derivative is claimed that does not exist."""
    for row, estimate in enumerate(answer.points):
        value, bound = _flat(estimate.value), _flat(estimate.error_bound)
        truth, slack = _flat(trial.truth[row]), _flat(trial.slack[row])
        stated: Mask = np.isfinite(bound)
        excused = _noted(estimate, truth.size)
        for component in np.flatnonzero(stated).tolist():
            at = f"{when}, at point {row + 1}, component {component}:"
            if math.isnan(truth[component]):
                if not excused[component]:
                    yield f"{at} there is no derivative, but it says {value[component]:.6g} ± {bound[component]:.2g}"
                continue
            gap = abs(float(value[component] - truth[component]))
            if not gap <= bound[component] + slack[component]:
                yield (
                    f"{at} the truth is {truth[component]:.17g}, it says {value[component]:.17g}"
                    f" with a bound of {bound[component]:.3g}, but is off by {gap:.3g}"
                )


def _noted(estimate: Estimate, size: int) -> Mask:
    """Components at which the estimate itself says that there is a kink or a jump. Shape (size,)."""
    noted: Mask = np.zeros(size, dtype=np.bool_)
    for kink in estimate.kinks:
        noted[kink.component] = True
    for note in estimate.notes:
        if note.kind in {NoteKind.KINK, NoteKind.JUMP}:
            noted[list(note.components) or slice(None)] = True
    return noted


def _unproved(answer: Estimates, *, right: bool) -> Iterator[str]:
    proof = answer.proof
    if proof is None or proof.identical is None or proof.identical is right:
        return
    yield "it disproves a right claim" if right else "it proves a wrong claim"


def _same(first: Estimates, second: Estimates) -> bool:
    return all(
        np.array_equal(a.value, b.value, equal_nan=True) and np.array_equal(a.error_bound, b.error_bound)
        for a, b in zip(first.points, second.points, strict=True)
    )


def _compatible(first: Estimate, second: Estimate) -> bool:
    """Whether two answers to one question can both be right."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(first.value - second.value)
        room = first.error_bound + second.error_bound
        room = room + 8 * np.finfo(np.float64).eps * np.abs(first.value)  # the sum of bounds is itself rounded
        open_ = ~np.isfinite(first.error_bound) | ~np.isfinite(second.error_bound)
        return bool((open_ | (gap <= room)).all())


def _is_useful(answer: Estimates) -> bool:
    with np.errstate(invalid="ignore"):
        return any(bool((e.error_bound <= USEFUL * np.abs(e.value)).any()) for e in answer.points)


def _flat(value: Tensor) -> Vector:
    return value.reshape(-1)
