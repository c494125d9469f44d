"""What a spec asks for beyond the gradient at its points, as typed values under `Spec.extensions`.

`extensions["stationary"]` is a tuple of `StationaryPoint`, `["properties"]` a tuple of names, `["descent"]` a tuple of
`Descent`, `["rule"]` a `Rule`. Keys that start with `x-` hold plain YAML values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradverify.spec.model import Place


@dataclass(frozen=True, slots=True)
class StationaryPoint:
    """A point where the gradient is claimed to vanish; `kind` by the Hessian's eigenvalues, None: any."""

    at: tuple[float, ...]
    place: Place
    kind: str | None = None  # minimum | maximum | saddle | degenerate


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a measured number has to lie between, both ends included; None: no bound."""

    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescentExpectation:
    """What a descent has to come to; None: anything."""

    behaviour: str | None = None  # converges | slow | oscillates | diverges
    minimiser: tuple[float, ...] | None = None
    value: float | None = None
    tolerance: float = 1e-4  # how far, absolutely, the last iterate may be from `minimiser` and f from `value`
    iterations: Bounds | None = None
    rate: Bounds | None = None  # of linear convergence, estimated from the iterates
    monotone: bool | None = None  # whether f never rises
    armijo: bool | None = None  # whether every step lowers f sufficiently


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """A descent with the claimed gradient."""

    name: str
    place: Place
    start: tuple[float, ...]
    method: str = "gradient-descent"
    learning_rate: float | None = None  # required by `gradient-descent`
    max_iterations: int = 1000
    gradient_tolerance: float = 1e-6  # the Euclidean norm of g at which it has converged
    options: Mapping[str, Any] = field(default_factory=dict)  # of a plugin's method
    expect: DescentExpectation = DescentExpectation()


@dataclass(frozen=True, slots=True)
class RulePart:
    """A spec that a rule builds on: a file, and a name where it is one of several in the file."""

    file: str  # absolute path
    name: str | None
    place: Place

    @property
    def label(self) -> str:
        """What people call it: `f.yaml`, `parts.yaml::f`."""
        file = Path(self.file).name
        return f"{file}::{self.name}" if self.name else file


@dataclass(frozen=True, slots=True)
class Rule:
    """How the composite's gradient is made of the parts' claimed gradients.

    linear-combination: Σ weights[i]·fᵢ.  product: Π fᵢ.  chain: f(g(x)), the parts being f and the vector-valued g.
    """

    kind: str
    parts: tuple[RulePart, ...]
    weights: tuple[float, ...] = ()  # one a part for linear-combination, else none
