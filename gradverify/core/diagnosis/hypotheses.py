"""Hypotheses about one wrong component at a time: each predicts the claim from the reference and must hold at every
point.

With c the claim and r the right value at k points, a hypothesis is a prediction p(r, x): it fits when |c − p| is within
round-off and the reference's bound at all usable points, and at least one of them tells p from r.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.diagnosis.constants import NONE, is_named, name_of_factor, plain, weighted
from gradverify.core.diagnosis.evidence import FIT, Evidence, round_off_floor
from gradverify.core.problem import Derivative
from gradverify.core.verdicts import Fault

# An informative point is one where the right value is not lost in its own bound.
INFORMATIVE = 1e-4

# Confidence by the number of informative points: a law that holds at three points is no accident, at one it may be.
CONFIDENCE = {1: 0.6, 2: 0.85, 3: 0.95}

SINGLE_UNITS = 64.0  # round-off of a claim in single precision, in units of the format's epsilon
HALF_UNITS = 16.0  # the same in half precision, where 64 units are 6 %
FEWEST_HALVES = 3  # different values that fit into 16 bits: one or two may be plain numbers


@dataclass(frozen=True, slots=True)
class Guess:
    """A hypothesis that fits one component. `key` is the same for components with the same mistake."""

    fault: Fault
    key: str
    message: str  # a clause without its subject: "the sign is wrong"
    confidence: float
    factor: float | None = None  # the number that was measured: a factor, an offset, a term's weight
    weak: bool = False  # it fits, but a change to the claim's own formula would say it better
    formula: str = ""  # of the component, as it is right


@dataclass(frozen=True, slots=True)
class Column:
    """One component's numbers at its usable points, all of shape (k',).

    points: all points, shape (k, n).  rows: which of them are usable, shape (k,).
    """

    c: Vector
    r: Vector
    b: Vector
    points: Matrix
    rows: Mask
    epsilon: float
    variable: int  # which variable the component is the derivative by
    differs: Mask
    fit: float = FIT
    _floor: list[float] = field(init=False, default_factory=list, repr=False, compare=False)  # once it is known

    def x(self, j: int) -> Vector:
        """Component j of the usable points, shape (k',). The points stay where they are: n may be large."""
        found: Vector = self.points[self.rows, j]
        return found

    def fits(self, predicted: Vector, amplification: Vector | float = 1.0) -> bool:
        """Whether the prediction meets the claim at all points and differs from the reference somewhere."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(predicted), np.abs(self.c))
            slack = self.fit * size + np.abs(amplification) * self.b + self.floor()
            near = np.abs(self.c - predicted) <= slack + np.finfo(np.float64).tiny
            telling = np.abs(predicted - self.r) > 4 * slack + self.b
        return bool(self.c.size and near.all() and (telling & self.differs).any())

    def floor(self) -> float:
        """The round-off of a value of the component's ordinary size: 1 − tanh(x)² has no digits left at 20."""
        if not self._floor:
            gaps = np.abs(self.c[self.differs] - self.r[self.differs])
            self._floor.append(round_off_floor(self.r, self.epsilon, gaps))
        return self._floor[0]

    def informative(self) -> Mask:
        """Points where the right value stands clear of its bound."""
        with np.errstate(all="ignore"):
            mask: Mask = self.b <= INFORMATIVE * np.abs(self.r)
        return mask

    def confidence(self) -> float:
        """By the number of distinct informative points."""
        telling = self.informative() & self.differs
        return CONFIDENCE[max(1, min(distinct(self.r[telling], self.b[telling]), 3))]


def distinct(values: Array, bounds: Array) -> int:
    """How many different numbers these are, each known within its bound; shapes alike."""
    order = np.argsort(values, axis=None)
    value, bound = values.ravel()[order], bounds.ravel()[order]
    return int(value.size and 1 + np.count_nonzero(np.diff(value) > bound[1:] + bound[:-1]))


def column(evidence: Evidence, index: int, rows: Mask | None = None) -> Column:
    """The numbers of flat component `index`, at all its usable points or at those of `rows`."""
    usable = evidence.usable[:, index]
    if rows is not None:
        usable = usable & rows
    n = evidence.problem.variables.size
    return Column(
        evidence.claimed[usable, index], evidence.reference[usable, index], evidence.bound[usable, index],
        evidence.points, usable, evidence.problem.precision.epsilon, index % n, evidence.differs[usable, index],
        evidence.fit,
    )  # fmt: skip


def guesses(
    col: Column, counts: Mapping[int, str], derivative: Derivative, scalars: Mapping[str, float] = NONE
) -> Iterator[Guess]:
    """The hypotheses that fit, simplest first."""
    if not col.differs.any():
        return
    if (col.c == 0).all():
        yield Guess(Fault.ZEROED_COMPONENT, "zero", "the claim is 0", col.confidence())
        return
    if (np.abs(col.c) <= col.floor()).all():  # an integral that vanishes by symmetry, say
        yield Guess(Fault.ZEROED_COMPONENT, "zero", "the claim is 0 but for round-off", col.confidence())
        return
    if col.fits(-col.r):
        yield Guess(Fault.SIGN, "sign", "the sign is wrong", col.confidence(), -1.0)
        return
    yield from _single_precision(col)
    yield from _factor(col, counts, scalars)
    yield from _variable(col, derivative)


def offset_guesses(col: Column) -> Iterator[Guess]:
    """Whether the claim is off by a constant."""
    if col.differs.any() and not (col.c == 0).all():
        yield from _offset(active(col))


def active(col: Column) -> Column:
    """The column without the points where claim and right value are 0: f has no part there that a term could be of."""
    zero = (col.c == 0) & (col.r == 0)
    if not zero.any() or zero.all():
        return col
    rows = col.rows.copy()
    rows[np.flatnonzero(rows)[zero]] = False
    keep = ~zero
    return replace(col, c=col.c[keep], r=col.r[keep], b=col.b[keep], rows=rows, differs=col.differs[keep])


def rougher_guesses(col: Column, names: Callable[[int], str]) -> Iterator[Guess]:
    """Hypotheses that are tried after the terms and inner expressions of f, which name the same mistakes better."""
    if not col.differs.any() or (col.c == 0).all():
        return
    yield from _proportional_term(col, names)
    yield from _own_term(active(col), col, names)
    yield from _elementary_factor(col)
    yield from _power_of_a_variable(col, names)
    yield from _constant_entry(col)


def _factor(col: Column, counts: Mapping[int, str], scalars: Mapping[str, float]) -> Iterator[Guess]:
    with np.errstate(all="ignore"):
        best = int(np.argmin(np.where(col.r != 0, col.b / np.abs(col.r), np.inf)))
        factor = float(col.c[best] / col.r[best])
    if not np.isfinite(factor) or factor in (0.0, 1.0):
        return
    # The factor itself is only as exact as the reference it was measured with.
    relative = float(col.b[best] / abs(col.r[best]))
    if (
        not col.fits(factor * col.r, abs(factor) * (1.0 + np.abs(col.r) / abs(col.r[best])))
        or not relative <= INFORMATIVE
    ):
        return
    name, counted = name_of_factor(factor, counts, scalars)
    confidence, named = col.confidence(), is_named(factor, counts, scalars)
    if confidence <= CONFIDENCE[1] and not (named and _everyday(name)):
        return
    fault = Fault.MEAN_VS_SUM if counted else Fault.FACTOR
    what = f"too large by a factor of {name}" if abs(factor) > 1 else f"off by a factor of {name}"
    if counted:
        what += ": a sum where a mean belongs" if factor > 1 else ": a mean where a sum belongs"
    yield Guess(fault, f"factor {name}", what, confidence, factor, weak=not named)


LARGEST_EVERYDAY = 12  # whole factors that people forget; a larger one at a single value is chance


def _everyday(name: str) -> bool:
    """Whether a factor of that name at a single value is no chance: 2, 1/3, π, 100, and not 33."""
    digits = name.lstrip("−-").removeprefix("1/")
    return not digits.isdigit() or int(digits) <= LARGEST_EVERYDAY or set(digits[1:]) == {"0"}


def _variable(col: Column, derivative: Derivative) -> Iterator[Guess]:
    if derivative is Derivative.HESSIAN:
        return
    x = col.x(col.variable)
    if np.unique(np.abs(x)).size < 2:
        return
    if col.fits(x * col.r, x):
        message = "multiplied by the variable itself: it is the derivative by the variable's logarithm"
        yield Guess(Fault.LOG_PARAMETER, "times x", message, col.confidence())
    with np.errstate(all="ignore"):
        if (x != 0).all() and col.fits(col.r / x, 1 / x):
            message = "divided by the variable itself: the derivative by a logarithm was converted once too often"
            yield Guess(Fault.LOG_PARAMETER, "over x", message, col.confidence())


def _offset(col: Column) -> Iterator[Guess]:
    best = int(np.argmin(np.where(col.differs, col.b, np.inf)))
    offset = float(col.c[best] - col.r[best])
    told = col.informative()
    if distinct(col.r[told], col.b[told]) >= 2 and col.fits(col.r + offset, 2.0) and _stands_out(col, offset):
        yield Guess(
            Fault.CONSTANT_OFFSET,
            f"offset {offset:.6g}",
            f"off by the constant {offset:+.6g}",
            col.confidence(),
            offset,
        )


def _stands_out(col: Column, offset: float) -> bool:
    """A constant is only measured where it is clear of the round-off of c − r."""
    return bool(abs(offset) > 1e3 * FIT * float(np.median(np.abs(col.r)))) or bool((np.abs(col.r) < abs(offset)).any())


def _proportional_term(col: Column, names: Callable[[int], str]) -> Iterator[Guess]:
    """A multiple of one variable, as of a quadratic penalty or of a product of two, is missing or too much."""
    own = [col.variable, *(j for j in range(min(col.points.shape[1], MOST_VARIABLES)) if j != col.variable)]
    for j in own:
        x = col.x(j)
        if np.unique(x).size < 3:
            continue
        with np.errstate(all="ignore"):
            gaps = (col.c - col.r) / x
            best = int(np.argmax(np.where(np.isfinite(gaps), np.abs(col.c - col.r) - col.b, -np.inf)))
            slope = float(gaps[best])
        if not np.isfinite(slope) or slope == 0 or not col.fits(col.r + slope * x, 1.0 + np.abs(x / x[best])):
            continue
        fault, words = (Fault.MISSING_TERM, "missing") if slope < 0 else (Fault.EXTRA_TERM, "too much")
        # Of an array the components have one mistake in common, which is told of the array.
        name = _own_name(names, j) if j == col.variable else names(j)
        message = f"the term {weighted(abs(slope), name)} is {words}"
        key = f"term {slope:.6g} {'x' if j == col.variable else name}"
        yield Guess(fault, key, message, col.confidence())
        return


def _own_name(names: Callable[[int], str], j: int) -> str:
    return names(j).partition("[")[0]


# Derivatives of terms by which a variable is penalised or weighed: |x|, log x, x³ and x⁴ over their factors.
SIGN_TERM = "sign({})"
OWN_TERMS: tuple[tuple[str, Callable[[Vector], Vector]], ...] = (
    (SIGN_TERM, np.sign),
    ("1/{}", lambda x: 1 / x),
    ("{}²", lambda x: x**2),
    ("{}³", lambda x: x**3),
)


def _own_term(col: Column, whole: Column, names: Callable[[int], str]) -> Iterator[Guess]:
    """A term that depends on the variable alone is missing or too much, as that of an L1 penalty or of a log prior.

    whole: the component with the points where nothing is claimed and nothing right. A sign has two values, which fit
    by chance where it need not hold there as well.
    """
    x = col.x(col.variable)
    if np.unique(x).size < 3:
        return
    for text, slope in OWN_TERMS:
        with np.errstate(all="ignore"):
            shape = slope(x)
            best = int(np.argmax(np.where(np.isfinite(shape) & (shape != 0), np.abs(col.c - col.r) - col.b, -np.inf)))
            weight = float((col.c[best] - col.r[best]) / shape[best])
        # The two signs of sign(x) make it more than a constant.
        fine = np.isfinite(shape).all() and np.unique(shape).size >= 2 and np.isfinite(weight) and weight != 0
        if not fine or not col.fits(col.r + weight * shape, 1.0 + np.abs(shape / shape[best])):
            continue
        if text == SIGN_TERM and not whole.fits(whole.r + weight * slope(whole.x(whole.variable)), 2.0):
            continue
        fault, words = (Fault.MISSING_TERM, "missing") if weight < 0 else (Fault.EXTRA_TERM, "too much")
        message = f"the term {weighted(abs(weight), text.format(_own_name(names, col.variable)))} is {words}"
        yield Guess(fault, f"term {weight:.6g} {text}", message, col.confidence(), weight)
        return


ELEMENTARY: tuple[tuple[str, Callable[[Vector], Vector]], ...] = (
    ("2·x", lambda x: 2 * x),
    ("cos(x)", np.cos),
    ("−sin(x)", lambda x: -np.sin(x)),
    ("exp(x)", np.exp),
    ("−exp(−x)", lambda x: -np.exp(-x)),
    ("3·x²", lambda x: 3 * x**2),
    ("−1/x²", lambda x: -1 / x**2),
    ("1/(2·√x)", lambda x: 0.5 / np.sqrt(x)),
    ("1 − tanh(x)²", lambda x: 1 - np.tanh(x) ** 2),
    ("σ(x)·(1 − σ(x))", lambda x: 1 / (2 + np.exp(x) + np.exp(-x))),
    ("1/(1 + x²)", lambda x: 1 / (1 + x**2)),
    ("x·(1 − x)", lambda x: x * (1 - x)),
    ("1 − x²", lambda x: 1 - x**2),
)


def _elementary_factor(col: Column) -> Iterator[Guess]:
    """The claim lacks the derivative of an inner function of the variable alone."""
    x = col.x(col.variable)
    if np.unique(x).size < 3:
        return
    with np.errstate(all="ignore"):
        for text, inner in ELEMENTARY:
            slope = inner(x)
            if np.isfinite(slope).all() and (slope != 0).all() and col.fits(col.r / slope, 1 / slope):
                message = f"the chain rule's factor {text} is missing (x the variable)"
                yield Guess(Fault.MISSING_CHAIN_FACTOR, f"chain {text}", message, col.confidence())
                return
            if np.isfinite(slope).all() and col.fits(col.r * slope, slope):
                message = f"a factor of {text} is too much (x the variable): it is the derivative by another parameter"
                yield Guess(Fault.FACTOR, f"chain too much {text}", message, col.confidence())
                return


POWERS = ((1.0, "too much"), (-1.0, "missing"), (2.0, "too much, squared"), (-2.0, "missing, squared"))
MOST_VARIABLES = 20  # whose powers are tried


NEARLY = 2.0  # times the right number, or a part of it: what is farther off is another number, and no factor
FEWEST_ALIKE = 3  # points at which an entry that is the same everywhere has been seen


def _constant_entry(col: Column) -> Iterator[Guess]:
    """An entry that is a number, as those of the Jacobian of A @ x are, and another number in the claim."""
    best = int(np.argmin(np.where(col.r != 0, col.b, np.inf)))
    c, r = float(col.c[best]), float(col.r[best])
    if not col.r.any() and col.r.size >= FEWEST_ALIKE and np.ptp(col.c) == 0 and col.fits(np.full_like(col.r, c), 2.0):
        message = f"off by the constant {c:+.6g}: it stands at all points where 0 belongs"
        yield Guess(Fault.CONSTANT_OFFSET, f"offset {c:.6g}", message, CONFIDENCE[1], c)
        return
    alike = col.informative().sum() >= FEWEST_ALIKE and distinct(col.r, col.b) == 1 and np.ptp(col.c) == 0
    if not alike or r == 0 or not 1 / NEARLY <= c / r <= NEARLY or not col.fits(np.full_like(col.r, c)):
        return
    size = "too large" if abs(c) > abs(r) else "off"
    shown = f": {c:.6g} stands at all points where {r:.6g} belongs" if f"{c:.6g}" != f"{r:.6g}" else ""
    message = f"{size} by a factor of {plain(c / r)}{shown}"
    yield Guess(Fault.FACTOR, f"factor {c / r:.6g}{shown}", message, CONFIDENCE[1], c / r, weak=True)


def _power_of_a_variable(col: Column, names: Callable[[int], str]) -> Iterator[Guess]:
    """The claim is the right value times a power of some variable: an exponent is off by one."""
    for j in range(min(col.points.shape[1], MOST_VARIABLES)):
        x = col.x(j)
        if np.unique(np.abs(x)).size < 3 or not (x != 0).all():
            continue
        for power, words in POWERS:
            with np.errstate(all="ignore"):  # a power of 1e-200 overflows, and then fits nothing
                factor = x**power
                predicted = col.r * factor
            if col.fits(predicted, factor):
                name = names(j)
                message = f"a factor of {name} is {words}"
                yield Guess(Fault.FACTOR, f"power {power:g} of {name}", message, col.confidence())
                return


def _single_precision(col: Column) -> Iterator[Guess]:
    if not col.c.size or not (col.c != np.round(col.c)).any():
        return
    # What fits into 16 bits fits into 32 as well, and is half precision.
    for kind, words, units in ((np.float16, "half", HALF_UNITS), (np.float32, "single", SINGLE_UNITS)):
        if kind is np.float16 and np.unique(col.c).size < FEWEST_HALVES:
            continue
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(col.r), float(np.finfo(kind).smallest_normal))  # below it digits are lost
            near = units * float(np.finfo(kind).eps) * size + col.b
            representable = col.c.astype(kind).astype(np.float64) == col.c
            small = np.abs(col.c - col.r) <= near
        if small.all() and representable.all():
            message = f"the claim is computed in {words} precision ({np.dtype(kind).name})"
            yield Guess(Fault.SINGLE_PRECISION, np.dtype(kind).name, message, col.confidence())
            return
