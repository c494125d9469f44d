"""What a backend is asked: a function, the derivative wanted, and where it may be evaluated."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Tensor, Vector
from gradverify.core.variables import Shape, Variable, Variables
from gradverify.core.verdicts import Fault, NoteKind

if TYPE_CHECKING:
    from gradverify.expression.nodes import Node


class Derivative(enum.StrEnum):
    """Which derivative is claimed; the shape of its value at a point stands beside it."""

    GRADIENT = "gradient"  # (n,), for scalar f
    JACOBIAN = "jacobian"  # (m, n), entry i, j is ∂fᵢ/∂xⱼ
    HESSIAN = "hessian"  # (n, n), for scalar f


class Precision(enum.StrEnum):
    """The floating-point format that the function computes in."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"

    @property
    def epsilon(self) -> float:
        """The distance from 1 to the next larger number of the format (twice the unit round-off)."""
        return _EPSILONS[self]


_EPSILONS = {precision: float(np.finfo(precision.value).eps) for precision in Precision}


@dataclass(frozen=True, slots=True)
class Failure:
    """A row of an evaluation that raised instead of returning; its values are NaN."""

    row: int
    message: str  # one line: exception type and text
    details: str = ""  # the user's own part of the traceback
    fault: Fault | None = None  # for claims: what the failure is called, such as wrong-shape
    undefined: bool = False  # it says that the formula has no value there: a singular matrix, an overflow


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that an evaluation showed besides its values: a changed input, an accepted row vector."""

    kind: Fault | NoteKind
    message: str
    row: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Values at k points: shape (k, *output shape), float64 (complex128 for complex points)."""

    values: Tensor
    failures: tuple[Failure, ...] = ()
    observations: tuple[Observation, ...] = ()


class Function(Protocol):
    """Something that can be evaluated at points: a function, or a claimed derivative.

    Implementations are `ExpressionFunction` (has the tree) and `CallableFunction` (has the Python object).
    """

    @property
    def kind(self) -> str:
        """`expression`, `python`, or the loader's kind."""

    @property
    def output_shape(self) -> Shape:
        """The shape of the value at one point: () or (m,) for functions, the derivative's shape for claims."""

    def evaluate(self, points: Array) -> Evaluation:
        """Evaluate at `points` of shape (k, n), float64 or complex128. Never raises for what f does."""


@dataclass(frozen=True, slots=True)
class ExpressionFunction:
    """A function written in the expression language; `evaluate` takes all points at once.

    `tree` has static shape `tree.shape`; a claim given variable by variable is several trees, in order, and
    `assemble` says how their values make one output.
    """

    trees: tuple[Node, ...]
    variables: Variables
    constants: Mapping[str, Array]
    output_shape: Shape
    run: Callable[[Array], Evaluation]
    kind: str = "expression"

    def evaluate(self, points: Array) -> Evaluation:
        """Evaluate at `points` of shape (k, n)."""
        return self.run(points)


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where a Python function is defined (line counted from 1)."""

    file: str
    line: int
    name: str


@dataclass(frozen=True, slots=True)
class CallableFunction:
    """A function behind a Python callable taking the variables' arrays in order and the constants by keyword."""

    callable: Callable[..., Any]
    variables: Variables
    constants: Mapping[str, Array]
    output_shape: Shape
    run: Callable[[Array], Evaluation]
    kind: str = "python"
    source: SourceLocation | None = None
    returns_value_and_gradient: bool = False  # `callable` returns (value, gradient), not the value alone
    # Evaluate at one point that is handed over: one flat array for each variable, which the callable gets as it is. A
    # point with millions of components need not be copied for the sake of one call.
    run_parts: Callable[[Callable[[Variable], Array]], Evaluation] | None = None
    first_call: float = field(
        default=0.0, compare=False
    )  # s, that its first call took, with all that only that one does

    def evaluate(self, points: Array) -> Evaluation:
        """Evaluate at `points` of shape (k, n), one call a point."""
        return self.run(points)


@dataclass(frozen=True, slots=True)
class Domain:
    """A box, component by component. `low` and `high` have shape (n,); an open end excludes its value."""

    low: Vector
    high: Vector
    low_open: Mask
    high_open: Mask

    @classmethod
    def everywhere(cls, n: int) -> Domain:
        """All of ℝⁿ. The arrays hold one number each, whatever n, and cannot be written to."""
        return _everywhere(n)

    def contains(self, points: Matrix) -> Mask:
        """Which entries of `points`, shape (k, n), lie inside; NaN lies outside. Shape (k, n)."""
        if not (self.low_open.any() or self.high_open.any()):
            closed: Mask = (points >= self.low) & (points <= self.high)
            return closed
        above = np.where(self.low_open, points > self.low, points >= self.low)
        below = np.where(self.high_open, points < self.high, points <= self.high)
        inside: Mask = above & below
        return inside


@functools.lru_cache(maxsize=16)
def _everywhere(n: int) -> Domain:
    none = np.broadcast_to(np.False_, (n,))
    return Domain(np.broadcast_to(-np.inf, (n,)), np.broadcast_to(np.inf, (n,)), none, none)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a claim may be off, component by component: relative to the reference, and in absolute terms."""

    relative: float = 1e-6
    absolute: float = 0.0


@dataclass(frozen=True, slots=True)
class Approximation:
    """What makes a function only nearly what is meant: it stops at a tolerance."""

    what: str  # as it is named in a sentence
    tolerance: float


def _exactly() -> Approximation | None:
    return None


def _no_formula(_points: Matrix) -> ExpressionFunction | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One derivative of one function, and all that a backend may know about it."""

    name: str
    derivative: Derivative
    variables: Variables
    function: Function
    claim: Function | None = None  # a backend may compare with it; it must never copy it
    gradient_claim: Function | None = None  # for Hessians: the claimed gradient where there is one
    domain: Domain
    tolerance: Tolerance = Tolerance()
    precision: Precision = Precision.FLOAT64
    budget: int | None = None  # evaluations of f that a backend may spend; None: its own default
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # the spec's options for this backend
    # What in function or claim stops at a tolerance; asked only where that could matter, since sources are read for it.
    approximation: Callable[[], Approximation | None] = field(default=_exactly, compare=False)
    # The claim as the formula that its source spells, where that has the claim's own values at `points`, (k, n), and
    # around them. No verdict rests on it but for the question whether a 0 is written there or has lost its digits.
    spelled: Callable[[Matrix], ExpressionFunction | None] = field(default=_no_formula, compare=False)

    @property
    def shape(self) -> Shape:
        """The shape of the derivative at one point."""
        n = self.variables.size
        if self.derivative is Derivative.GRADIENT:
            return (n,)
        match self.derivative:
            case Derivative.JACOBIAN:
                return (*self.function.output_shape, n)
            case Derivative.HESSIAN:
                return (n, n)


@dataclass(frozen=True, slots=True)
class Request:
    """The points to estimate at, shape (k, n), with what is claimed there, shape (k, *problem.shape).

    `claimed` lets a backend stop early where a cheap estimate already agrees; it may be None.
    `screening`: many points are looked through for suspects; a backend that has `screen` may answer with that.
    """

    points: Matrix
    claimed: Tensor | None = None
    screening: bool = False


def one_line(error: BaseException) -> str:
    """`ValueError: bad shape`, on one line and of bounded length; the type alone where the error cannot say more."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - the user's own `__str__` may raise whatever it likes
        text = "its message cannot be shown"
    name = type(error).__name__
    limit = 300  # a message is read in a log; the details carry the rest
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return f"{name}: {text}" if text else name
