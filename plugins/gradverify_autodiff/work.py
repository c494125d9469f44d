"""One problem from a traced function to estimates."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradverify.plugin import (
    CallableFunction,
    Derivative,
    DoesNotApply,
    Estimate,
    Estimates,
    Evidence,
    ExpressionFunction,
    Mask,
    Matrix,
    Note,
    NoteKind,
    Precision,
    Problem,
    Request,
    Screened,
    UnsupportedFunctionError,
    evaluate_tree,
)
from gradverify_autodiff.arithmetic import AUTOGRAD
from gradverify_autodiff.axes import held_against_axes
from gradverify_autodiff.direct import Changes, DirectTracer
from gradverify_autodiff.measure import UNITS, Measured, RowTracer, Tracer, measure
from gradverify_autodiff.schedule import schedule


def estimate(problem: Problem, request: Request) -> Estimates:
    """The derivative at every point; raises `DoesNotApply` where the function cannot be traced."""
    function = problem.function
    if isinstance(function, ExpressionFunction):
        measured, sound = _of_expression(problem, function, request.points)
    elif isinstance(function, CallableFunction):
        from gradverify_autodiff.callables import measure_callable

        measured, sound = measure_callable(problem, function, request.points)
    else:
        raise DoesNotApply("it needs an expression or a Python function")
    if measured.tied.any():
        measured = held_against_axes(problem, request.points, measured, sound)
    return Estimates(points=_points(measured, sound, problem), evaluations=measured.evaluations)


def _points(measured: Measured, sound: Mask, problem: Problem) -> tuple[Estimate, ...]:
    """One estimate a point; copies, so that nothing else is kept."""
    if sound.all() and np.isfinite(measured.bounds).all():  # of what is not finite no bound is
        found, bounds = measured.derivatives.copy(), measured.bounds.copy()
        return tuple(
            [
                Estimate(value=value, error_bound=bound, evidence=Evidence.EXACT)
                for value, bound in zip(found, bounds, strict=True)
            ]
        )
    return tuple([_estimate(measured, row, bool(sound[row]), problem) for row in range(sound.size)])


# What a trace without noisy copies is taken to be off by, relatively: enough for a look at points where nothing is
# expected to be wrong, and little beside any tolerance. A value with fewer digits disagrees, and is asked for again.
ROUGH = 1e-9


def screen(problem: Problem, request: Request) -> Screened:
    """One trace a point, without measuring its round-off; raises `DoesNotApply` as `estimate` does."""
    function = problem.function
    if isinstance(function, ExpressionFunction):
        tracer = tracer_of(problem, function)
        with np.errstate(all="ignore"), _all_rules():
            values, found = tracer.plain(request.points, problem.derivative)
        finite = np.isfinite(values).reshape((len(values), -1)).all(axis=1)
        spent = len(request.points)
    elif isinstance(function, CallableFunction):
        from gradverify_autodiff.callables import plain_callable

        measured, finite = plain_callable(problem, function, request.points)
        found, spent = measured.derivatives, measured.evaluations
    else:
        raise DoesNotApply("it needs an expression or a Python function")
    known = np.isfinite(found)
    with np.errstate(all="ignore"):
        # A component that cancels keeps the round-off of its terms, which are of the size of other components; what is
        # 0 to the last bit has mostly no terms at all.
        size = np.abs(found)
        largest = np.max(np.where(known, size, 0.0).reshape((len(found), -1)), axis=1, initial=0.0)
        left = UNITS * problem.precision.epsilon * largest.reshape((-1,) + (1,) * (found.ndim - 1))
        bounds = np.where(known, ROUGH * size + np.where(size > 0, left, 0.0), np.inf)
    return Screened(values=np.where(known, found, np.nan), error_bounds=bounds, finite=finite, evaluations=spent)


def tracer_of(problem: Problem, function: ExpressionFunction) -> Tracer:
    """Differentiates the expression: without a trace where it is a formula of numbers."""
    planned = schedule(function) if problem.derivative is Derivative.GRADIENT else None
    if planned is None:
        return row_tracer(problem, function)
    # Expressions are evaluated in double precision, whatever the claim computes in.
    return DirectTracer(planned, problem.domain, Changes(problem.seed, Precision.FLOAT64.epsilon))


def row_tracer(problem: Problem, function: ExpressionFunction) -> RowTracer:
    """Traces the expression at all points at once."""
    tree = function.trees[0]
    outputs = function.output_shape

    def rows(x: Any) -> Any:
        values = {v.name: x[:, v.components].reshape((-1, *v.shape)) for v in function.variables}
        result = evaluate_tree(tree, values, AUTOGRAD, x.shape[0], function.constants)
        return result if tree.shape == outputs else result.reshape((x.shape[0], *outputs))

    return RowTracer(rows, problem.domain, Precision.FLOAT64.epsilon, np.random.default_rng(problem.seed))


@contextlib.contextmanager
def _all_rules() -> Iterator[None]:
    """`DoesNotApply` where autograd lacks a function or its derivative."""
    try:
        yield
    except UnsupportedFunctionError as missing:
        raise DoesNotApply(f"`{missing.function}` has no derivative rule") from None


def _of_expression(problem: Problem, function: ExpressionFunction, points: Matrix) -> tuple[Measured, Mask]:
    """The measurement, and in which rows f is finite."""
    with _all_rules():
        measured = measure(
            tracer_of(problem, function), points, problem.derivative, problem.domain, Precision.FLOAT64.epsilon
        )
    sound: Mask = np.isfinite(measured.values).reshape((points.shape[0], -1)).all(axis=1)
    return measured, sound


def _estimate(measured: Measured, row: int, sound: bool, problem: Problem) -> Estimate:
    """One point's answer: NaN with an infinite bound, and the reason, where there is none."""
    value, bound = measured.derivatives[row].copy(), measured.bounds[row].copy()
    if not sound:
        note = Note(NoteKind.OVERFLOW, "f is not finite here")
        return _nothing(problem, note)
    unknown = ~(np.isfinite(value) & np.isfinite(bound))
    if not np.any(unknown):
        return Estimate(value=value, error_bound=bound, evidence=Evidence.EXACT)
    components = tuple(int(i) for i in np.flatnonzero(unknown))
    value[unknown], bound[unknown] = np.nan, np.inf
    if measured.tied[row]:
        note = Note(NoteKind.KINK, "a branch of f is decided by equality here, so f may have no derivative", components)
    else:
        note = Note(NoteKind.NOT_FINITE, "the traced derivative is not finite here", components)
    return Estimate(value=value, error_bound=bound, evidence=Evidence.EXACT, notes=(note,))


def _nothing(problem: Problem, note: Note) -> Estimate:
    return Estimate(
        value=np.full(problem.shape, np.nan),
        error_bound=np.full(problem.shape, np.inf),
        evidence=Evidence.EXACT,
        notes=(note,),
    )
