"""Are two SymPy expressions the same function of real arguments? Yes only with a proof; no only with a point."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from mpmath import libmp

from gradverify_sympy.branches import Branch
from gradverify_sympy.enclose import (
    Border,
    Enclosure,
    Interval,
    Tied,
    Undecided,
    Undefined,
    Unsupported,
    is_negative,
    is_positive,
    magnitude,
)
from gradverify_sympy.timebox import Deadline

TEST_BITS = 170  # 50 decimal digits
MAX_EXPANDED_POWER = 24  # (a + b)**n with a larger n is not multiplied out
MAX_EXPANDED_TERMS = 3000
LARGE = 150  # operations: from here on, numbers are quicker than multiplying out
MAX_SPLITS = 7  # nested case distinctions

Point = Mapping[Any, Interval]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether two components are identical; where not, by how much they differ relatively at a test point."""

    identical: bool | None
    relative_difference: float = 0.0
    points_agreeing: int = 0  # at which the difference is 0 as far as `TEST_BITS` tell


class Judge:
    """Decides identities inside one domain; `points` are where differences are looked for, drawn as needed."""

    def __init__(
        self,
        points: Iterator[Point],
        limits: Mapping[Any, tuple[float, float]],
        shifts: Mapping[Any, Any],
        deadline: Deadline,
    ) -> None:
        """`shifts` are other ways of writing the variables, in which their limits are signs: 1 + p for x > 1."""
        self._shifts = shifts
        self._source = points
        self._points: list[Point] = []
        self._enclosures: list[Enclosure] = []
        self._limits = limits
        self._deadline = deadline

    def decide(self, claimed: Any, truth: Any, *, tests: int = 12) -> Decision:
        """Compare `claimed` with `truth`. May raise `OutOfTime`."""
        if claimed == truth and not claimed.has(Branch):
            return Decision(True)
        if claimed.has(Branch) or truth.has(Branch):
            different = self._test(claimed, truth, 3)
            if different.identical is False:
                return different
            if self._same_in_all_cells(claimed, truth, _Cell(self._limits)):
                return Decision(True)
        else:
            difference = claimed - truth
            if difference == 0 or _vanishes_with_logistic_terms(difference):
                return Decision(True)
            is_large = sp.count_ops(difference) > LARGE
            if not is_large and _vanishes_when_expanded(difference):
                return Decision(True)
            different = self._test(claimed, truth, 2)
            if different.identical is False:
                return different
            if (is_large and _vanishes_when_expanded(difference)) or self._vanishes(difference):
                return Decision(True)
        return self._test(claimed, truth, tests)

    # Numbers.

    def _enclosure(self, index: int) -> Enclosure | None:
        while index >= len(self._points):
            point = next(self._source, None)
            if point is None:
                return None
            self._points.append(point)
            self._enclosures.append(Enclosure(point, TEST_BITS, Border.REFUSE))
        return self._enclosures[index]

    def _test(self, claimed: Any, truth: Any, wanted: int) -> Decision:
        """Look at up to `wanted` points where both have values for one where they differ beyond doubt."""
        agreeing = 0
        index = 0
        while agreeing < wanted:
            self._deadline.check()
            at = self._enclosure(index)
            index += 1
            if at is None:
                break
            try:
                left, right = at.of(claimed), at.of(truth)
            except (Undefined, Undecided, Tied):
                continue
            except Unsupported:
                break
            gap = libmp.libmpi.mpi_sub(left, right, TEST_BITS)
            if is_positive(gap) or is_negative(gap):
                return Decision(False, _ratio(gap, right))
            agreeing += 1
        return Decision(None, points_agreeing=agreeing)

    # Formulas.

    def _vanishes(self, difference: Any) -> bool:
        """Whether a difference without branches is shown to be 0 by one of the normal forms, cheap ones first."""
        for form in (_vanishes_as_fraction, _vanishes_over_kernels):
            self._deadline.check()
            if form(difference):
                return True
        shifted = difference.xreplace(self._shifts)
        if shifted != difference and _vanishes_over_kernels(shifted):
            return True
        self._deadline.check()
        return _vanishes_when_simplified(difference)

    def _same_in_all_cells(self, claimed: Any, truth: Any, cell: _Cell) -> bool:
        """Whether both are the same wherever the guards' signs can be, guards being 0 included."""
        self._deadline.check()
        guards = _innermost_guards(claimed) or _innermost_guards(truth)
        if not guards:
            if claimed.has(sp.zoo, sp.nan):
                # On a border the claim may have no value: NaN is judged as such. Nowhere else.
                return any(side == 0 for _, side in cell.facts)
            difference = claimed - truth
            quick = difference == 0 or _vanishes_with_logistic_terms(difference) or _vanishes_when_expanded(difference)
            return quick or self._vanishes(difference)
        if len(cell.facts) >= MAX_SPLITS:
            return False
        guard = guards[0]
        possible = [side for side in (1, -1) if cell.where(guard, side).is_possible()]
        for side in possible:
            within = cell.where(guard, side)
            parts = [_assign(expression, guard, side) for expression in (claimed, truth)]
            if guard.is_Symbol:
                # The variable's sign is known here: SymPy knows more of a symbol that says so.
                signed = side * sp.Dummy(positive=True)
                parts = [part.xreplace({guard: signed}) for part in parts]
                within = within.renamed(guard, signed)
            if not self._same_in_all_cells(parts[0], parts[1], within):
                return False
        if _zero_is_like_a_side(claimed, guard, possible):
            return True
        at_zero = _assign(claimed, guard, 0)
        on_border = cell.where(guard, 0)
        above, below, at = (_assign(truth, guard, side) for side in (1, -1, 0))
        if any(self._same_in_all_cells(at_zero, side, on_border) for side in (above, below)):
            return True
        # What the formula says on the border counts where the sides differ, as 0 does for |x|. Where they are the same
        # it does not: a single value, as in where(x == 0, 1, (exp(x) - 1)/x), has no slope.
        if self._same_in_all_cells(above, below, on_border):
            return False
        return self._same_in_all_cells(at_zero, at, on_border)


@dataclass(frozen=True, slots=True)
class _Cell:
    """Where some guards have known signs; `limits` are the variables' own."""

    limits: Mapping[Any, tuple[float, float]]
    facts: tuple[tuple[Any, int], ...] = ()

    def where(self, guard: Any, side: int) -> _Cell:
        """The part in which `guard` has the sign `side`."""
        return _Cell(self.limits, (*self.facts, (guard, side)))

    def renamed(self, symbol: Any, signed: Any) -> _Cell:
        """The same with `symbol` written as ± a positive one."""
        (positive,) = signed.free_symbols
        low, high = self.limits.get(symbol, (-math.inf, math.inf))
        mirrored = (low, high) if signed == positive else (-high, -low)
        facts = tuple((guard.xreplace({symbol: signed}), side) for guard, side in self.facts)
        return _Cell({**self.limits, positive: mirrored}, facts)

    def is_possible(self) -> bool:
        """False where guards that are linear in one variable contradict one another or the domain."""
        ranges: dict[Any, tuple[Any, Any]] = {}
        for guard, side in self.facts:
            symbol, slope, threshold = as_threshold(guard)
            if symbol is None or side == 0:
                continue
            low, high = ranges.get(symbol) or tuple(map(_end, self.limits.get(symbol, (-math.inf, math.inf))))
            if (slope > 0) == (side > 0):
                low = max(low, threshold)
            else:
                high = min(high, threshold)
            if low >= high:
                return False
            ranges[symbol] = (low, high)
        return True


def _end(limit: float) -> Any:
    if math.isfinite(limit):
        return sp.Rational(*limit.as_integer_ratio())
    return sp.oo if limit > 0 else -sp.oo


def as_threshold(guard: Any) -> tuple[Any, Any, Any]:
    """(symbol, slope, where the guard is 0) of a guard that is linear in one variable; (None, 0, 0) of others."""
    if len(guard.free_symbols) == 1:
        (symbol,) = guard.free_symbols
        slope = guard.diff(symbol)
        if slope.is_Rational and slope != 0:
            threshold = -guard.subs(symbol, 0) / slope
            if threshold.is_Rational:
                return symbol, slope, threshold
    return None, 0, 0


def _ratio(gap: Interval, truth: Interval) -> float:
    """About |gap / truth|, to the nearest power of two."""
    return math.ldexp(1.0, max(-1000, min(1000, magnitude(gap) - magnitude(truth))))


def _innermost_guards(expression: Any) -> list[Any]:
    guards = {branch.args[0] for branch in expression.atoms(Branch)}
    return sorted((g for g in guards if not g.has(Branch)), key=sp.default_sort_key)


_PIECE = {1: 1, -1: 2, 0: 3}  # a sign of the guard → the position among a branch's arguments


def _assign(expression: Any, guard: Any, side: int) -> Any:
    """`expression` where `guard` has the sign `side`."""
    piece = _PIECE[side]
    return expression.replace(
        lambda e: isinstance(e, Branch) and e.args[0] == guard,
        lambda e: e.args[piece],
    )


def _zero_is_like_a_side(expression: Any, guard: Any, sides: list[int]) -> bool:
    """Whether at guard = 0 every branch takes the piece of one and the same of `sides`, which have been compared."""
    branches = [branch for branch in expression.atoms(Branch) if branch.args[0] == guard]
    return any(all(branch.args[3] == branch.args[_PIECE[side]] for branch in branches) for side in sides)


# Normal forms. Each is sound: the rewritings used hold for complex values of the subexpressions, hence for real ones.


def _is_small(expression: Any) -> bool:
    """Whether multiplying out stays within bounds."""
    terms = 1
    for power in expression.atoms(sp.Pow):
        base, exponent = power.args
        if base.is_Add and exponent.is_Integer and abs(exponent) > 1:
            if abs(exponent) > MAX_EXPANDED_POWER:
                return False
            terms = max(terms, math.comb(len(base.args) + int(abs(exponent)) - 1, int(abs(exponent))))
    for product in expression.atoms(sp.Mul):
        terms = max(terms, math.prod(len(factor.args) for factor in product.args if factor.is_Add))
    return terms <= MAX_EXPANDED_TERMS


def same_as_written(claimed: Any, truth: Any) -> bool:
    """Whether two expressions without branches are the same as SymPy writes them, or multiplied out if they are short.

    Literals may still be symbols: what holds for all their values holds for their own.
    """
    if claimed == truth:
        return not claimed.has(Branch)
    if claimed.has(Branch) or truth.has(Branch):
        return False
    difference = claimed - truth
    return difference == 0 or (sp.count_ops(difference) <= LARGE and _vanishes_when_expanded(difference))


def _vanishes_when_expanded(difference: Any) -> bool:
    return _is_small(difference) and bool(sp.expand(difference) == 0)


def _vanishes_with_logistic_terms(difference: Any) -> bool:
    """With 1 + exp(−u) as exp(−u)·(1 + exp(u)), so that a sum of many logistic terms needs no common denominator."""
    if not difference.has(sp.exp) or not _is_small(difference):
        return False

    def is_logistic(e: Any) -> bool:
        return bool(e.is_Add and len(e.args) == 2 and e.args[0] is sp.S.One and isinstance(e.args[1], sp.exp))

    def turned(e: Any) -> Any:
        argument = e.args[1].args[0]
        return sp.exp(argument) * (1 + sp.exp(-argument)) if argument.could_extract_minus_sign() else e

    # The arguments first: multiplying out would also distribute over the denominators that are to be recognised.
    unified = difference.replace(sp.exp, lambda argument: sp.exp(sp.expand(argument))).replace(is_logistic, turned)
    return bool(unified.replace(_has_several_exponentials, _with_one_exponential) == 0)


def _has_several_exponentials(expression: Any) -> bool:
    return bool(expression.is_Mul and sum(isinstance(factor, sp.exp) for factor in expression.args) > 1)


def _with_one_exponential(product: Any) -> Any:
    """SymPy leaves exp(a + b)*exp(−a − b) as it is."""
    exponents = [factor.args[0] for factor in product.args if isinstance(factor, sp.exp)]
    others = [factor for factor in product.args if not isinstance(factor, sp.exp)]
    return sp.Mul(*others, sp.exp(sp.Add(*exponents)))


def _numerator(expression: Any) -> Any:
    """The numerator over a common denominator, multiplied out; the expression itself where that would be too large."""
    numerator, _ = sp.fraction(sp.together(expression))
    return sp.expand(numerator) if _is_small(numerator) else numerator


def _vanishes_as_fraction(difference: Any) -> bool:
    return bool(_numerator(difference) == 0)


def _vanishes_over_kernels(difference: Any) -> bool:
    """Hyperbolic functions as exponentials, sin² = 1 − cos² for single angles, and kᵠ = base for each root k."""
    rewritten = difference
    if rewritten.has(sp.sinh, sp.cosh, sp.tanh):
        rewritten = rewritten.rewrite([sp.sinh, sp.cosh, sp.tanh], sp.exp)
    if rewritten.has(sp.tan):
        rewritten = rewritten.replace(sp.tan, lambda a: sp.sin(a) / sp.cos(a))
    if not _is_small(rewritten):
        return False
    numerator = _numerator(sp.expand(rewritten, trig=rewritten.has(sp.sin, sp.cos), func=rewritten.has(sp.polygamma)))
    if numerator == 0:
        return True
    numerator = _without_roots(numerator)
    angles = sorted({wave.args[0] for wave in numerator.atoms(sp.sin, sp.cos)}, key=str)
    waves = {angle: (sp.Dummy("s"), sp.Dummy("c")) for angle in angles}
    names = {wave(angle): name for angle in angles for wave, name in zip((sp.sin, sp.cos), waves[angle], strict=True)}
    named = numerator.xreplace(names)  # the outer one of sin(cos(x)): what is within a name is not looked at
    for sine, cosine in waves.values():
        if sine in named.free_symbols and named.is_polynomial(sine, cosine):
            named = sp.rem(sp.expand(named), sine**2 + cosine**2 - 1, sine)
    numerator = named.xreplace({name: wave for wave, name in names.items()})
    return bool(_numerator(numerator) == 0)


def _without_roots(numerator: Any) -> Any:
    """`numerator` reduced by k**q = base for each root k of order q that occurs in it."""
    orders: dict[Any, int] = {}
    for power in numerator.atoms(sp.Pow):
        base, exponent = power.args
        if exponent.is_Rational and not exponent.is_Integer:
            orders[base] = math.lcm(orders.get(base, 1), int(exponent.q))
    for base, order in sorted(orders.items(), key=lambda item: -sp.count_ops(item[0])):
        root = sp.Dummy("k")

        def rooted(b: Any, e: Any, *, base: Any = base, order: int = order, root: Any = root) -> Any:
            return root ** (e * order) if b == base and e.is_Rational and not e.is_Integer else b**e

        named = _numerator(numerator.replace(sp.Pow, rooted))
        if root in named.free_symbols and named.is_polynomial(root):
            named = sp.rem(named, root**order - base, root)
        numerator = sp.expand(named.xreplace({root: base ** sp.Rational(1, order)}))
    return numerator


def _vanishes_when_simplified(difference: Any) -> bool:
    return _is_small(difference) and bool(sp.simplify(difference) == 0)
