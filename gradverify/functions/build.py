"""A parsed spec to functions that can be called: expressions, and references through the function loaders."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from gradverify.core.arrays import Array, Matrix
from gradverify.core.problem import CallableFunction, Derivative, Domain, Evaluation, ExpressionFunction, Function
from gradverify.core.variables import Shape
from gradverify.functions.callables import claim_from_callable, function_from_callable, learn_by_calling
from gradverify.functions.constants import read_constants
from gradverify.functions.expressions import claim_from_expression, function_from_expression
from gradverify.functions.python_loader import source_of
from gradverify.functions.rules import RULE, Composite, compose
from gradverify.hookspecs import FunctionLoader, LoadError
from gradverify.spec.model import ExpressionSource, ListedPoint, ReferenceSource, Source, Spec
from gradverify.spec.sampling import draw

PAIR = "value_and_gradient"
CLAIM_A_JACOBIAN = "claim a `jacobian`"  # the way out where one number was expected


@dataclass(frozen=True, slots=True)
class Loaded:
    """A spec's function and its claims, ready to be evaluated in this process."""

    function: Function
    claims: Mapping[Derivative, Function]
    constants: Mapping[str, Array]
    composite: Composite | None = None  # of a rule


def domain_of(spec: Spec) -> Domain:
    """The spec's domain, component by component."""
    domain = Domain.everywhere(spec.variables.size)
    if not spec.domain:
        return domain
    domain = Domain(domain.low.copy(), domain.high.copy(), domain.low_open.copy(), domain.high_open.copy())
    for name, interval in spec.domain.items():
        part = spec.variables[name].components
        domain.low[part], domain.high[part] = interval.low, interval.high
        domain.low_open[part], domain.high_open[part] = interval.low_open, interval.high_open
    return domain


@lru_cache(maxsize=64)
def _folder(file: str, working_directory: str) -> Path:
    """The folder of a spec file, which a relative name gives only together with the working directory."""
    return (Path(working_directory) / file).resolve().parent


def load(spec: Spec, loaders: Mapping[str, FunctionLoader], points: Matrix) -> Loaded:
    """Load what `spec` refers to. `points`, shape (k, n), are where a callable is tried to learn its output's shape.

    Raises `LoadError` with one sentence for the spec's author.
    """
    constants = read_constants(spec.constants)
    directory = _folder(spec.place.file, os.getcwd())
    given: dict[Derivative, Source] = {
        kind: source
        for kind, source in (
            (Derivative.GRADIENT, spec.gradient),
            (Derivative.JACOBIAN, spec.jacobian),
            (Derivative.HESSIAN, spec.hessian),
        )
        if source is not None
    }
    composite = compose(spec, loaders, load, points_of) if RULE in spec.extensions else None
    if composite is not None and isinstance(spec.function, ReferenceSource) and spec.function.kind == RULE:
        function: Function = composite.function
    else:
        function = _function(spec, loaders, directory, constants, points)
    taken = function.constants if isinstance(function, CallableFunction) else constants
    outputs = function.output_shape
    scalar = next((d for d in (Derivative.GRADIENT, Derivative.HESSIAN) if d in given), None)
    if scalar is not None and outputs != ():
        raise LoadError(
            f"the function returns shape {outputs}; a {scalar.value} needs one number (for several, {CLAIM_A_JACOBIAN})"
        )
    if Derivative.JACOBIAN in given and outputs == ():
        outputs = (1,)
        function = _function(spec, loaders, directory, taken, points, outputs)
    claims = {d: _claim(source, spec, loaders, directory, taken, d, outputs) for d, source in given.items()}
    if composite is not None:
        if composite.function.output_shape != outputs:
            made, own = composite.function.output_shape, outputs
            raise LoadError(f"the rule makes a function of shape {made}, but `function` returns shape {own}")
        claims = claims if composite.derivative in claims else {composite.derivative: composite.claim, **claims}
    return Loaded(function, claims, constants, composite)


def _resolve(source: ReferenceSource, loaders: Mapping[str, FunctionLoader], directory: Path) -> Callable[..., Any]:
    loader = loaders.get(source.kind)
    if loader is None:
        known = ", ".join(sorted(loaders)) or "none"
        raise LoadError(f"no function loader is named `{source.kind}` (installed: {known})")
    return loader.load(source.target, directory, source.options)


def _function(
    spec: Spec,
    loaders: Mapping[str, FunctionLoader],
    directory: Path,
    constants: Mapping[str, Array],
    points: Matrix,
    outputs: Shape | None = None,
) -> Function:
    source = spec.function
    if isinstance(source, ExpressionSource):
        if source.whole is None:
            raise LoadError("a function cannot be given by variable")
        built = function_from_expression(source.whole, spec.variables, constants)
        return built if outputs is None else as_vector(built, outputs)
    callable_ = _resolve(source, loaders, directory)
    pair = source.returns == PAIR
    began = time.perf_counter()
    if outputs is None:
        outputs, constants = learn_by_calling(callable_, spec.variables, constants, points, value_of_pair=pair)
    first_call = time.perf_counter() - began
    called = function_from_callable(
        callable_, spec.variables, constants, outputs,
        kind=source.kind, source=source_of(callable_), value_of_pair=pair,
    )  # fmt: skip
    return replace(called, first_call=first_call)


def as_vector(function: ExpressionFunction, outputs: Shape) -> ExpressionFunction:
    """A scalar expression seen as a function with one output."""

    def run(points: Array) -> Evaluation:
        evaluation = function.run(points)
        return replace(evaluation, values=evaluation.values.reshape((points.shape[0], *outputs)))

    return replace(function, output_shape=outputs, run=run)


def _claim(
    source: Source,
    spec: Spec,
    loaders: Mapping[str, FunctionLoader],
    directory: Path,
    constants: Mapping[str, Array],
    derivative: Derivative,
    outputs: Shape,
) -> Function:
    if isinstance(source, ExpressionSource):
        return claim_from_expression(source, spec.variables, constants, derivative, outputs)
    callable_ = _resolve(source, loaders, directory)
    return claim_from_callable(
        callable_, spec.variables, constants, derivative, outputs,
        kind=source.kind, source=source_of(callable_), gradient_of_pair=source.returns == PAIR,
    )  # fmt: skip


def points_of(spec: Spec) -> tuple[Matrix, list[int]]:
    """All points of the spec as a matrix of shape (k, n), and for each its index in `spec.points`."""
    rows: list[Array] = []
    origin: list[int] = []
    for index, point in enumerate(spec.points):
        drawn = (
            np.asarray(point.at, dtype=np.float64)[None]
            if isinstance(point, ListedPoint)
            else draw(point, spec.variables, spec.domain)
        )
        rows.append(drawn)
        origin += [index] * drawn.shape[0]
    n = spec.variables.size
    if len(rows) == 1:
        return rows[0], origin
    return (np.concatenate(rows) if rows else np.empty((0, n))), origin
