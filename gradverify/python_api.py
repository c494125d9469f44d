"""`check` and `assert_gradient`: a gradient checked from Python, by the engine that runs specs."""

from __future__ import annotations

import functools
import inspect
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import gradverify
from gradverify.core.arrays import Array
from gradverify.core.problem import Derivative
from gradverify.core.report import Report
from gradverify.core.variables import Shape, Variables
from gradverify.core.verdicts import AtKinks, Verdict
from gradverify.explanation import explain
from gradverify.functions.callables import output_shape_of
from gradverify.functions.python_loader import source_of
from gradverify.plugins import Plugins, load_plugins
from gradverify.run.settings import VerifySettings
from gradverify.run.single import run_spec
from gradverify.spec.model import Constant, Interval, ListedPoint, Place, ReferenceSource, Spec
from gradverify.spec.settings import RELATIVE

if TYPE_CHECKING:
    from gradverify.core.report import SpecResult

Function = Callable[..., Any]
_FUNCTION, _CLAIM = "function", "claim"  # the references that stand for the two callables in the spec


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport(Report):
    """A report on one function; printed, it tells the whole story."""

    @property
    def result(self) -> SpecResult:
        """The one result."""
        return self.specs[0]

    def __str__(self) -> str:
        return explain(self.result)


def check(
    f: Function,
    grad: Function,
    at: Any,
    *,
    variables: Sequence[str] | Mapping[str, Shape] | None = None,
    constants: Mapping[str, Any] | None = None,
    domain: Mapping[str, tuple[float, float]] | None = None,
    tolerance: float | None = None,
    absolute_tolerance: float = 0.0,
    derivative: str | None = None,
    backends: Sequence[str] | None = None,
    at_kinks: str = "accept-subgradient",
    precision: str = "float64",
    search: bool = True,
    seed: int = 0,
    name: str | None = None,
) -> CheckReport:
    """Is `grad` the derivative of `f`? Checks at the points `at`, and searches beyond them inside `domain`.

    f, grad: take the same arguments, one for each variable, and `constants` by keyword. `grad` returns one array for
    one variable, else a sequence or mapping by variable.

    at: where to check.
        With one variable: a number, or a list of numbers or an array (of any shape), is one point; a list of those is
        several points.
        With several: a tuple with one entry for each variable, or a mapping by name, is one point; so is a list of
        numbers and arrays. A list of tuples, lists or mappings is several points.
        With `variables={"x": ()}`, a list of numbers is several points of the scalar x.
        With the shapes of several arrays in `variables`, an array of shape (n,) with all their components is one point.

    variables: their names, or name → shape; by default the parameters of `f` that have no default.
    domain: name → (low, high), a closed interval.
    tolerance: how far the claim may be off, relative to each component, 1e-6 unless `precision` is float32;
    `absolute_tolerance` may excuse a difference.
    derivative: `gradient`, `jacobian` or `hessian`; by default a gradient for scalar `f` and a Jacobian otherwise.
    backends: names; by default all that apply.  search: whether to look for counterexamples beyond `at`.

    Raises `TypeError` or `ValueError` for arguments that make no sense; a wrong gradient is a result.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    fixed = {key: np.asarray(value, dtype=np.float64) for key, value in (constants or {}).items()}
    names, shapes = _variables(f, variables, fixed)
    if shapes is not None and _is_whole_vector(at, names, shapes):
        laid_out = Variables.of(list(zip(names, shapes, strict=True)))
        rows = [np.asarray(at, dtype=np.float64)]
    else:
        points = _points(at, names, shapes)
        shapes = shapes or tuple(np.shape(value) for value in points[0])
        laid_out = Variables.of(list(zip(names, shapes, strict=True)))
        rows = [_flat(point, laid_out) for point in points]
    place = _place(f)
    kind = Derivative(derivative) if derivative is not None else _kind(f, laid_out, fixed, rows)
    _check_names(domain or {}, laid_out)
    claim = ReferenceSource(kind="python", target=_CLAIM)
    plugins = _with_callables(_plugins(), {_FUNCTION: f, _CLAIM: grad})
    for backend in backends or ():
        if backend not in plugins.backends:
            raise ValueError(plugins.why_missing(backend))
    spec = Spec(
        name=name or str(getattr(f, "__name__", "function")), place=place, index=0, variables=laid_out,
        function=ReferenceSource(kind="python", target=_FUNCTION),
        gradient=claim if kind is Derivative.GRADIENT else None,
        jacobian=claim if kind is Derivative.JACOBIAN else None,
        hessian=claim if kind is Derivative.HESSIAN else None,
        points=tuple(ListedPoint(_listed(row), place) for row in rows),
        domain={key: Interval(float(low), float(high)) for key, (low, high) in (domain or {}).items()},
        constants={key: Constant(value.shape, _tuples(value)) for key, value in fixed.items()},
        relative_tolerance=RELATIVE if tolerance is None else tolerance, absolute_tolerance=absolute_tolerance,
        places={} if tolerance is None else {"tolerance": place},
        backends={backend: {} for backend in backends} if backends is not None else None,
        at_kinks=AtKinks(at_kinks), precision=precision,
    )  # fmt: skip
    result = run_spec(spec, plugins, VerifySettings(seed=seed, search=search))
    return CheckReport(
        gradverify=gradverify.__version__, started=started.isoformat(timespec="seconds"), isolation="none", seed=seed,
        seconds=time.perf_counter() - clock, plugins=plugins.infos, specs=(result,),
    )  # fmt: skip


def assert_gradient(f: Function, grad: Function, at: Any, *, allow_inconclusive: bool = False, **options: Any) -> None:
    """Raise `AssertionError`, with the whole story, unless `grad` is found to be the derivative of `f`.

    Takes what `check` takes. What could not be decided is not a pass, unless `allow_inconclusive`.
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not ours
    report = check(f, grad, at, **options)
    decided = Verdict.INCONCLUSIVE if allow_inconclusive else Verdict.PASS
    if report.result.verdict not in {Verdict.PASS, decided}:
        raise AssertionError(str(report))


@functools.cache
def _plugins() -> Plugins:
    return load_plugins()


class _GivenCallables:
    """Stands in for the `python` loader: the references of the spec are the callables that were passed."""

    kind = "python"

    def __init__(self, callables: Mapping[str, Function]) -> None:
        self.callables = callables

    def load(self, target: str, directory: Path, options: Mapping[str, Any]) -> Function:  # noqa: ARG002
        """The callable of that name."""
        return self.callables[target]


def _with_callables(plugins: Plugins, callables: Mapping[str, Function]) -> Plugins:
    return plugins.with_loader(_GivenCallables(callables))


def _variables(
    f: Function, variables: Sequence[str] | Mapping[str, Shape] | None, constants: Mapping[str, Array]
) -> tuple[tuple[str, ...], tuple[Shape, ...] | None]:
    """The variables' names, and their shapes where these were given."""
    if isinstance(variables, str):
        raise TypeError(f"variables must be a list of names, such as [{variables!r}]")
    if isinstance(variables, Mapping):
        return tuple(variables), tuple(_shape(shape) for shape in variables.values())
    if variables is not None:
        return tuple(variables), None
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # written in C, without a signature
        return ("x",), None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [p for p in parameters if p.kind in positional and p.name not in constants]
    names = tuple(p.name for p in own if p.default is inspect.Parameter.empty) or tuple(p.name for p in own[:1])
    return names or ("x",), None


def _is_whole_vector(at: Any, names: Sequence[str], shapes: Sequence[Shape]) -> bool:
    """Whether `at` is one flat array with the components of several array variables."""
    size = sum(math.prod(shape) for shape in shapes)
    return isinstance(at, np.ndarray) and at.shape == (size,) and size > len(names) > 1


def _shape(shape: int | Sequence[int]) -> Shape:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _points(at: Any, names: Sequence[str], shapes: Sequence[Shape] | None) -> list[tuple[Any, ...]]:
    """Each point as one value for each variable: see `check` for what `at` may be."""
    if isinstance(at, list):
        several = all(isinstance(entry, Mapping) for entry in at) or (
            _several_of_one(at, shapes[0] if shapes else None)
            if len(names) == 1
            else all(isinstance(entry, tuple | list) for entry in at)
        )
        points = at if several else [at]
    else:
        points = [at]
    if not points:
        raise ValueError("`at` has no point")
    return [_point(point, names) for point in points]


def _several_of_one(at: list[Any], shape: Shape | None) -> bool:
    """Whether a list is several points of the one variable (of `shape`, where that is known) rather than one."""
    if shape is not None:
        return np.shape(at) != shape
    return any(np.ndim(entry) > 0 or isinstance(entry, tuple) for entry in at)


def _point(point: Any, names: Sequence[str]) -> tuple[Any, ...]:
    if isinstance(point, Mapping):
        if set(point) != set(names):
            raise ValueError(f"a point names {', '.join(map(str, point))}; the variables are {', '.join(names)}")
        return tuple(point[name] for name in names)
    if len(names) == 1:
        return (point,)
    if not isinstance(point, tuple | list) and np.ndim(point) == 0:
        raise ValueError(f"a point is one number, but there are {len(names)} variables: {', '.join(names)}")
    if len(point) != len(names):
        raise ValueError(f"a point has {len(point)} entries, but there are {len(names)} variables: {', '.join(names)}")
    return tuple(point)


def _flat(point: Sequence[Any], variables: Variables) -> Array:
    """The point vector, shape (n,)."""
    parts = []
    for variable, value in zip(variables, point, strict=True):
        array = np.asarray(value, dtype=np.float64)
        if array.shape != variable.shape:
            raise ValueError(f"`{variable.name}` has shape {array.shape} at one point, expected {variable.shape}")
        parts.append(array.ravel())
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


LONG = 10_000  # components beyond which a point is kept as the array that it is: a tuple takes four times the memory


def _listed(row: Array) -> Sequence[float]:
    return tuple(row.tolist()) if row.size <= LONG else row.data


def _kind(f: Function, variables: Variables, constants: Mapping[str, Array], rows: Sequence[Array]) -> Derivative:
    """A gradient for one number, a Jacobian for several."""
    return Derivative.GRADIENT if output_shape_of(f, variables, constants, rows) == () else Derivative.JACOBIAN


def _check_names(domain: Mapping[str, tuple[float, float]], variables: Variables) -> None:
    for name in domain:
        if name not in variables:
            raise ValueError(f"`domain` names `{name}`, which is no variable ({', '.join(variables.names)})")


def _place(f: Function) -> Place:
    """Where `f` is defined, for the report."""
    source = source_of(f)
    if source is None:
        return Place("<python>", 1, 1)
    near = os.path.relpath(source.file)
    # In angle brackets, as Python shows what is not the file itself: it is no spec file that could be run again.
    return Place(f"<{source.file if near.startswith(os.pardir) else near}>", source.line, 1)


def _tuples(value: Array) -> Any:
    """An array as nested tuples of floats."""
    return float(value) if value.ndim == 0 else tuple(_tuples(part) for part in value)
