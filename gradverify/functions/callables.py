"""Python callables as `Function`s: fresh arguments for every call, nothing that the user's code does gets out."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradverify.core.arrays import Array
from gradverify.core.assembly import WrongShape, as_numbers, assemble, show, without_ones
from gradverify.core.overflow import silently
from gradverify.core.problem import (
    CallableFunction,
    Derivative,
    Evaluation,
    Failure,
    Observation,
    SourceLocation,
    one_line,
)
from gradverify.core.variables import Shape, Variable, Variables
from gradverify.core.verdicts import Fault, NoteKind
from gradverify.functions.whole_numbers import REFUSED, needed_as_integers

# What a user's code may raise and what then costs a value only. KeyboardInterrupt is left alone: OpenBLAS aside, it is
# the user at the keyboard. SystemExit and GeneratorExit are the function's own doing.
CAUGHT = (Exception, SystemExit, GeneratorExit)


_PLAIN = (float, np.float64)  # numbers that need no reading


def arguments(point: Array, variables: Variables) -> list[Any]:
    """One argument a variable, all fresh: NumPy scalars for shape (), arrays of the variable's shape otherwise."""
    return [point[v.offset] if v.shape == () else point[v.components].reshape(v.shape).copy() for v in variables.items]


def users_part(error: BaseException) -> str:
    """The traceback below our own frames, for those who want to see where their code failed."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "gradverify/functions/" not in f.filename]
    return "".join(traceback.format_list(frames[-4:]))


def _call(
    function: Callable[..., Any], point: Array, variables: Variables, constants: Mapping[str, Any]
) -> tuple[Any, str | None]:
    """Call with fresh arguments; also name the first argument that the call changed."""
    given = arguments(point, variables)
    with silently():
        value = function(*given, **fresh_constants(constants)) if constants else function(*given)
    for variable, after in zip(variables.items, given, strict=True):
        if isinstance(after, np.ndarray) and not _same(point[variable.components], after):
            return value, variable.name
    return value, None


def _part_of_pair(value: Any, index: int) -> Any:
    """The value (0) or the derivative (1) of what returns both; raises `WrongShape` for what is no pair."""
    try:
        return value[index]
    except (TypeError, IndexError, KeyError):
        what = "a pair of value and derivative was expected (`returns: value_and_gradient`)"
        raise WrongShape(f"{what}, got {type(value).__name__}") from None


COMPARED_AT_ONCE = 1 << 16  # components: comparing takes no memory to speak of, however many there are


def _same(before: Array, after: Array) -> bool:
    """Whether a flat array and what became of its copy are equal bit by bit, so that NaN equals itself."""
    if before.size != after.size or before.dtype != after.dtype:
        return False
    flat = after.reshape(-1)
    bits = np.uint64  # two of them make a complex number
    for i in range(0, before.size, COMPARED_AT_ONCE):
        part = np.ascontiguousarray(flat[i : i + COMPARED_AT_ONCE])
        if (before[i : i + COMPARED_AT_ONCE].view(bits) != part.view(bits)).any():
            return False
    return True


def fresh_constants(constants: Mapping[str, Array]) -> dict[str, Any]:
    """The constants for one call: numbers for shape (), copies of arrays otherwise, which the call may change."""
    return {name: c.item() if c.shape == () else c.copy() for name, c in constants.items()}


def _number_type(points: Array) -> type:
    return np.complex128 if points.dtype.kind == "c" else np.float64


def function_from_callable(
    callable_: Callable[..., Any],
    variables: Variables,
    constants: Mapping[str, Array],
    output_shape: Shape,
    *,
    kind: str = "python",
    source: SourceLocation | None = None,
    value_of_pair: bool = False,
) -> CallableFunction:
    """A scalar (output_shape ()) or vector-valued ((m,)) function behind a Python callable.

    value_of_pair: the callable returns (value, gradient), of which the value is meant.
    """

    def run(points: Array) -> Evaluation:
        return run_calls(
            points.shape[0], _number_type(points), lambda row: _call(callable_, points[row], variables, constants)
        )

    def run_parts(part: Callable[[Variable], Array]) -> Evaluation:
        given = [part(v)[0] if v.shape == () else part(v).reshape(v.shape) for v in variables]

        def call(_row: int) -> tuple[Any, None]:
            with np.errstate(all="ignore"):
                return callable_(*given, **fresh_constants(constants)), None

        return run_calls(1, np.float64, call)

    def run_calls(count: int, dtype: type, call: Callable[[int], tuple[Any, str | None]]) -> Evaluation:
        values: Array = np.full((count, *output_shape), np.nan, dtype=dtype)
        failures, observations = [], []
        for row in range(count):
            try:
                value, changed = call(row)
                if value_of_pair:
                    value = _part_of_pair(value, 0)
                if changed is None and type(value) in _PLAIN and output_shape == ():  # as most are
                    values[row] = value
                    continue
                if changed is not None:
                    message = f"the function changes its input `{changed}`"
                    observations.append(Observation(Fault.MUTATES_INPUT, message, row))
                if value is None:
                    raise WrongShape("the function returned None (is a `return` missing?)")
                array = as_numbers(value, "the function's value")
                if array.dtype.kind == "c" and dtype is np.float64:
                    if np.any(array.imag != 0):
                        raise WrongShape("the function returned a complex number at a real point")
                    array = array.real
                if array.dtype in (np.dtype(np.float32), np.dtype(np.float16)):
                    observations.append(Observation(Fault.SINGLE_PRECISION, f"the function returns {array.dtype}", row))
                if array.shape != output_shape and without_ones(array.shape) != without_ones(output_shape):
                    raise WrongShape(f"the function returned shape {show(array.shape)}, expected {show(output_shape)}")
                values[row] = array.reshape(output_shape)
            except CAUGHT as error:
                text = str(error) if isinstance(error, WrongShape) else one_line(error)
                failures.append(Failure(row, text, users_part(error)))
        return Evaluation(values, tuple(failures), tuple(observations))

    return CallableFunction(
        callable_, variables, dict(constants), output_shape, run, kind, source,
        returns_value_and_gradient=value_of_pair, run_parts=run_parts,
    )  # fmt: skip


def claim_from_callable(
    callable_: Callable[..., Any],
    variables: Variables,
    constants: Mapping[str, Array],
    derivative: Derivative,
    outputs: Shape,
    *,
    kind: str = "python",
    source: SourceLocation | None = None,
    gradient_of_pair: bool = False,
) -> CallableFunction:
    """A claimed derivative behind a Python callable; values have the derivative's shape.

    outputs: the function's output shape.  gradient_of_pair: the callable returns (value, gradient).
    """
    n = variables.size
    shape: Shape = (
        (n, n) if derivative is Derivative.HESSIAN else (*(outputs if derivative is Derivative.JACOBIAN else ()), n)
    )

    held = constants

    def call(point: Array) -> tuple[Any, str | None]:
        nonlocal held
        try:
            return _call(callable_, point, variables, held)
        except REFUSED:
            found = needed_as_integers(lambda tried: _call(callable_, point, variables, tried), held)
            if found is None:
                raise
            held = found
            return _call(callable_, point, variables, held)

    def run(points: Array) -> Evaluation:
        dtype = _number_type(points)
        values: Array = np.full((0 if points.shape[0] == 1 else points.shape[0], *shape), np.nan, dtype=dtype)
        failures: list[Failure] = []
        observations: list[Observation] = []
        for row in range(points.shape[0]):
            try:
                value, changed = call(points[row])
                if changed is not None:
                    message = f"the claimed {derivative.value} changes its input `{changed}`"
                    observations.append(Observation(Fault.MUTATES_INPUT, message, row))
                if gradient_of_pair:
                    value = _part_of_pair(value, 1)
                assembled = assemble(value, variables, derivative, outputs)
                array = assembled.value
                if array.dtype.kind == "c" and dtype is np.float64:
                    if np.any(array.imag != 0):
                        raise WrongShape(f"the claimed {derivative.value} is complex at a real point")  # noqa: TRY301
                    array = array.real
                if assembled.convention is not None:
                    observations.append(Observation(NoteKind.CONVENTION, assembled.convention, row))
                if assembled.single_precision:
                    precision = "half" if array.dtype == np.float16 else "single"
                    message = f"the claimed {derivative.value} is computed in {precision} precision"
                    observations.append(Observation(Fault.SINGLE_PRECISION, message, row))
                if points.shape[0] == 1:
                    # The one value is kept as it is where nobody else has it: a copy may be hundreds of megabytes.
                    values = (array if assembled.fresh else array.copy())[None].astype(dtype, copy=False)
                else:
                    values[row] = array
            except WrongShape as error:
                failures.append(Failure(row, str(error), fault=Fault.WRONG_SHAPE))
            except CAUGHT as error:
                failures.append(
                    Failure(
                        row,
                        f"the claimed {derivative.value} raised {one_line(error)}",
                        users_part(error),
                        undefined=isinstance(error, (np.linalg.LinAlgError, OverflowError)),
                    )
                )
        if values.shape[0] < points.shape[0]:
            values = np.full((1, *shape), np.nan, dtype=dtype)
        return Evaluation(values, tuple(failures), tuple(observations))

    return CallableFunction(callable_, variables, dict(constants), shape, run, kind, source, gradient_of_pair)


def output_shape_of(
    callable_: Callable[..., Any],
    variables: Variables,
    constants: Mapping[str, Array],
    points: Array | Sequence[Array],
    *,
    value_of_pair: bool = False,
) -> Shape:
    """The shape of the function's value, found by calling it: () for one number, (m,) for m of them.

    Tries the points in order until a call succeeds; when none does, () is assumed and evaluation says why.
    """
    return learn_by_calling(callable_, variables, constants, points, value_of_pair=value_of_pair)[0]


def learn_by_calling(
    callable_: Callable[..., Any],
    variables: Variables,
    constants: Mapping[str, Array],
    points: Array | Sequence[Array],
    *,
    value_of_pair: bool = False,
) -> tuple[Shape, Mapping[str, Array]]:
    """The shape of the function's value as `output_shape_of` finds it, and the constants that calls take.

    Those are `constants`, with integers where nothing else is taken: a count, labels, indices.
    """

    def shape_at(point: Array, tried: Mapping[str, Array]) -> Shape:
        value, _ = _call(callable_, point, variables, tried)
        array = as_numbers(_part_of_pair(value, 0) if value_of_pair else value, "the function's value")
        return array.shape if math.prod(array.shape) != 1 else ()

    for point in points:
        try:
            return shape_at(point, constants), constants
        except REFUSED:
            found = needed_as_integers(partial(shape_at, point), constants)
            if found is not None:
                return shape_at(point, found), found
        except CAUGHT:
            pass
    return (), constants
