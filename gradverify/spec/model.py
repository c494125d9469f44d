"""A spec as typed values, after parsing. Nothing here imports NumPy, so collecting stays cheap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradverify.core.variables import Shape, Variables
from gradverify.core.verdicts import AtKinks, Fault

if TYPE_CHECKING:
    from gradverify.expression.nodes import Node


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a spec file; line and column are counted from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class ExpressionSource:
    """A function or claim given as expressions.

    A function, or a claim for the whole point vector, is one node (`whole`); a claim given variable by variable has
    `by_variable`, each node meant to have the variable's shape (for a Jacobian: (m, *shape)). Shapes that do not fit
    are the claim's fault, judged later; they are no spec error.
    """

    whole: Node | None
    by_variable: Mapping[str, Node] | None = None


@dataclass(frozen=True, slots=True)
class ReferenceSource:
    """A function or claim to be loaded by a function loader: `{python: "losses.py:loss"}`."""

    kind: str  # the loader's kind, `python`
    target: str
    returns: str | None = None  # "value_and_gradient" or None
    options: Mapping[str, Any] = field(default_factory=dict)  # further keys, for loaders that have options


Source = ExpressionSource | ReferenceSource


@dataclass(frozen=True, slots=True)
class Interval:
    """The domain of one variable; the same for all of its components."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A named constant: nested tuples of numbers, or a file to be read when the spec runs.

    `shape` is known after parsing in both cases (files are opened for their shape only).
    """

    shape: Shape
    value: Any = None  # float or nested tuples of floats; None for files
    file: str | None = None  # absolute path of a .npy or .csv file


@dataclass(frozen=True, slots=True)
class ListedPoint:
    """A point given in the spec, as the flat point vector; `known` is the derivative there, flat, where given."""

    at: Sequence[float]  # a tuple, or for a long vector from Python a buffer of doubles
    place: Place
    known: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class SampledPoints:
    """Points drawn inside the domain with a seed."""

    count: int
    seed: int
    distribution: str  # uniform | normal | log-uniform
    place: Place


@dataclass(frozen=True, slots=True)
class Expect:
    """What the spec is expected to come to; `fault` names the diagnosis that is also required."""

    verdict: str = "pass"  # pass | fail
    fault: Fault | None = None

    def __str__(self) -> str:
        return self.verdict if self.fault is None else f"{self.verdict}: {self.fault.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One spec, valid as far as text can tell."""

    name: str
    place: Place
    index: int  # of the document in its file, from 0
    description: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    variables: Variables
    function: Source
    gradient: Source | None = None
    jacobian: Source | None = None
    hessian: Source | None = None
    points: tuple[ListedPoint | SampledPoints, ...] = ()
    domain: Mapping[str, Interval] = field(default_factory=dict)
    constants: Mapping[str, Constant] = field(default_factory=dict)
    relative_tolerance: float = 1e-6
    absolute_tolerance: float = 0.0
    backends: Mapping[str, Mapping[str, Any]] | None = None  # None: all that apply
    precision: str = "float64"
    at_kinks: AtKinks = AtKinks.ACCEPT_SUBGRADIENT
    search_evaluations: int | None = None  # None: the default budget; 0: off
    budget_evaluations: int | None = None
    expect: Expect = Expect()
    places: Mapping[str, Place] = field(default_factory=dict)  # where each top-level key stands
    extensions: Mapping[str, Any] = field(default_factory=dict)  # descent, stationary, properties, rule: parsed values
