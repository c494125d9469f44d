"""Python functions in plain NumPy: traced, and then held against what they return untraced."""

from __future__ import annotations

import contextlib
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.tracer import isbox

from gradverify.plugin import Array, CallableFunction, DoesNotApply, Evaluation, Mask, Matrix, Problem
from gradverify_autodiff.assignment import filled_arrays, new_call
from gradverify_autodiff.checks import agreement, require_agreement
from gradverify_autodiff.derivatives import RowFunction
from gradverify_autodiff.facade import BOX_METHODS, array, joined
from gradverify_autodiff.graft import Graft, home_of
from gradverify_autodiff.measure import COPIES, Measured, PointTracer, measure
from gradverify_autodiff.tape import StaleValueError, TooLongError, length

T = TypeVar("T")
MOST_STEPS = 500_000  # of all traces for one answer together: some seconds, at about 10 µs a step
MOST_REFUTED = 0.5  # of the search's points: a function that so many traces miss is not followed at the others either
# What the user's code may raise when it meets traced values. KeyboardInterrupt is the user at the keyboard.
_CAUGHT = (Exception, SystemExit, GeneratorExit)


def measure_callable(problem: Problem, function: CallableFunction, points: Matrix) -> tuple[Measured, Mask]:
    """The measurement at `points`, shape (k, n), and in which rows f is finite. Raises `DoesNotApply`."""
    evaluation = function.evaluate(points)
    sound: Mask = np.isfinite(evaluation.values).reshape((points.shape[0], -1)).all(axis=1)
    if not np.any(sound):
        raise DoesNotApply(_why_nowhere(evaluation))
    epsilon = problem.precision.epsilon
    found = _traced(
        problem, function, int(sound.sum()) * (COPIES + 1),
        lambda tracer: measure(tracer, points[sound], problem.derivative, problem.domain, epsilon),
    )  # fmt: skip
    seen = require_agreement(problem, function, points[sound], evaluation.values[sound], found)
    spent = found.evaluations + seen.spent + points.shape[0]
    return _spread_out(_without(found, seen.unseen), sound, problem, spent), sound


def plain_callable(problem: Problem, function: CallableFunction, points: Matrix) -> tuple[Measured, Mask]:
    """The same without a measured bound: one trace a point, held against plain evaluations. Bounds are 0."""
    evaluation = function.evaluate(points)
    sound: Mask = np.isfinite(evaluation.values).reshape((points.shape[0], -1)).all(axis=1)
    if not np.any(sound):
        raise DoesNotApply(_why_nowhere(evaluation))
    values, derivatives = _traced(
        problem, function, int(sound.sum()), lambda tracer: tracer.plain(points[sound], problem.derivative)
    )
    none = np.zeros(derivatives.shape[0], dtype=np.bool_)
    found = Measured(values, derivatives, np.zeros_like(derivatives), none, int(none.size))
    seen = agreement(problem, function, points[sound], evaluation.values[sound], found)
    if seen.refuted.mean() > MOST_REFUTED:
        raise DoesNotApply(seen.reason)
    spent = found.evaluations + seen.spent + points.shape[0]
    return _spread_out(_without(found, seen.refuted | seen.unseen), sound, problem, spent), sound


def _without(found: Measured, rows: Mask) -> Measured:
    """The measurement, in which nothing is known at `rows`."""
    if not rows.any():
        return found
    derivatives, bounds = found.derivatives.copy(), found.bounds.copy()
    derivatives[rows], bounds[rows] = np.nan, np.inf
    return replace(found, derivatives=derivatives, bounds=bounds)


def _traced(problem: Problem, function: CallableFunction, traces: int, work: Callable[[PointTracer], T]) -> T:
    """What `work` makes of the function's `traces`; where none can be made, of those with its new arrays traced too."""
    graft = Graft(home_of(function.callable))
    # Nothing is remembered from one answer to the next: an answer must not depend on what was asked before it, in this
    # process or in another. Where new arrays have to be traced, the first try ends at the first assignment into one.
    filled = False
    try:
        while True:
            rows = _row_function(function, graft, traces)
            length.made, length.most = 0, MOST_STEPS
            tracer = PointTracer(rows, problem.domain, problem.precision.epsilon, np.random.default_rng(problem.seed))
            try:
                with _traceable(), filled_arrays(filled), _explained(function):
                    return work(tracer)
            except DoesNotApply as refusal:
                if filled or isinstance(refusal.__cause__, TooLongError):
                    raise
                filled = True
    finally:
        length.most = None
        graft.put_back()


def _why_nowhere(evaluation: Evaluation) -> str:
    """Why there is no point to trace at: f raised everywhere, returned no number, or is not finite."""
    if len({failure.row for failure in evaluation.failures}) < evaluation.values.shape[0]:
        return "f is finite at none of the points"
    return f"f has no value at any of the points: {evaluation.failures[0].message}"


def _spread_out(found: Measured, sound: Mask, problem: Problem, evaluations: int) -> Measured:
    """The measurement of the sound rows, in place among all rows."""
    k = sound.size
    values = np.full((k, *found.values.shape[1:]), np.nan)
    derivatives = np.full((k, *problem.shape), np.nan)
    bounds = np.full((k, *problem.shape), np.inf)
    tied = np.zeros(k, dtype=np.bool_)
    values[sound], derivatives[sound], bounds[sound], tied[sound] = (
        found.values,
        found.derivatives,
        found.bounds,
        found.tied,
    )
    return Measured(values, derivatives, bounds, tied, evaluations)


def _row_function(function: CallableFunction, graft: Graft, traces: int) -> RowFunction:
    """The callable over our NumPy, taking one point as an array of shape (1, n). traces: how many will be asked for."""
    target = graft.called(function.callable)
    outputs = function.output_shape
    calls = 0

    def row(x: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2 and length.made * traces > MOST_STEPS:  # the first tells what all will take
            raise TooLongError
        new_call()
        graft.put_back()  # what f keeps between calls is that of before the first
        arguments = [
            x[0, v.offset] if v.shape == () else x[0, v.components].reshape(v.shape) for v in function.variables
        ]
        value = target(*arguments, **{name: _constant(c) for name, c in function.constants.items()})
        if function.returns_value_and_gradient:
            value = value[0]
        return _as_output(value).reshape((1, *outputs))

    return row


def _constant(value: Array) -> Any:
    return value.item() if value.shape == () else value.copy()


def _as_output(value: Any) -> Any:
    """A returned number, array, or sequence of numbers, as one array; complex numbers are refused."""
    value = joined(value)
    if not isbox(value):
        value = array(value, np.float64) if not isinstance(value, (list, tuple)) else array(value)
    if np.iscomplexobj(value._value if isbox(value) else value):
        raise TypeError("the value is complex")
    return value


@contextlib.contextmanager
def _traceable() -> Iterator[None]:
    """Traced values behave as arrays do; warnings stay silent, since the plain evaluation has given them already."""
    before = {name: vars(ArrayBox)[name] for name in BOX_METHODS if name in vars(ArrayBox)}
    for name, method in BOX_METHODS.items():
        setattr(ArrayBox, name, method)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        new_call()  # lets go of what the last trace held
        for name in BOX_METHODS:
            if name in before:
                setattr(ArrayBox, name, before[name])
            else:
                delattr(ArrayBox, name)


@contextlib.contextmanager
def _explained(function: CallableFunction) -> Iterator[None]:
    """Say in one clause which line cannot be traced."""
    try:
        yield
    except DoesNotApply:
        raise
    except TooLongError as error:
        raise DoesNotApply(f"f takes more than {MOST_STEPS:,} steps to be recorded at these points") from error
    except StaleValueError:
        raise DoesNotApply("f keeps values from one call to the next") from None
    except _CAUGHT as error:
        raise DoesNotApply(_clause(error, function)) from error


def _clause(error: BaseException, function: CallableFunction) -> str:
    source = function.source
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _is_ours(frame.filename):
            continue
        line = linecache.getline(frame.filename, frame.lineno or 0).strip()
        what = f"`{line}` at {Path(frame.filename).name}:{frame.lineno}"
        return f"{what} {_effect(error)}"
    where = f" of {source.name}" if source is not None else ""
    return f"the result{where} cannot be traced ({_short(error)})"


def _is_ours(file: str) -> bool:
    parts = Path(file).parts
    return any(name in parts for name in ("gradverify_autodiff", "autograd", "numpy", "scipy")) or file.startswith("<")


_CUTS = (
    "ArrayBox",
    "LostConnection",
    "float()",
    "int()",
    "sequence",
    "item assignment",
    "plain number",
    "has no derivative",
)


def _effect(error: BaseException) -> str:
    text = _short(error)
    if isinstance(error, NotImplementedError):
        name = str(error).split("VJP of ")[-1].split(" ")[0] if "VJP of" in str(error) else None
        return f"uses `{name}`, which has no derivative rule" if name else f"has no derivative rule ({text})"
    if any(sign in text for sign in _CUTS):
        return f"cuts the connection to the input ({text})"
    return f"cannot be traced ({text})"


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()).replace("ArrayBox", "traced array")
    name = type(error).__name__
    limit = 160  # a clause in a log line
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return f"{name}: {text}" if text else name
