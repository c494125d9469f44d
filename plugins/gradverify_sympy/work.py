"""One problem from formulas to estimates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from gradverify.plugin import (
    Array,
    Derivative,
    DoesNotApply,
    Estimate,
    Estimates,
    Evidence,
    Kink,
    Note,
    NoteKind,
    Problem,
    Proof,
    Request,
)
from gradverify_sympy.branches import without_single_values
from gradverify_sympy.convert import Condition, Need, is_literal, meaning
from gradverify_sympy.enclose import Interval, Unsupported, from_fractions
from gradverify_sympy.formulas import Formulas, read_formulas
from gradverify_sympy.identity import TEST_BITS, Decision, Judge, as_threshold, same_as_written
from gradverify_sympy.reference import Outcome, Place, Slopes, Value, can_switch, is_rigorous, to_value
from gradverify_sympy.text import to_text
from gradverify_sympy.timebox import DEFAULT_SECONDS, Deadline, OutOfTime, interrupting

PROOF_SHARE = 0.4  # of the time; values at the points matter more
MOST_OPERATIONS = 60  # of a difference that is put shorter
# In it, too: SymPy makes 3**100000000 of exp(100000000*log(3)) on its way, in one call that no alarm ends.
MOST_NUMBER = 1000
TRIED_POINTS = 60  # drawn in search of those where function and claim have values


def estimate(problem: Problem, request: Request) -> Estimates:
    """The whole answer to one request."""
    deadline = Deadline(float(problem.options.get("seconds", DEFAULT_SECONDS)))
    known = _understood(problem, deadline)
    formulas, proof, notes = known.formulas, known.proof, known.notes
    values = _Values(problem, formulas)
    try:
        with interrupting(deadline):
            found = values.at_all(request.points)
    except OutOfTime:
        raise DoesNotApply("values at the points took longer than the time allowed") from None
    except Unsupported as missing:
        raise DoesNotApply(f"values cannot be computed: {missing}") from None
    if proof is not None and proof.identical and any(n.kind is NoteKind.JUMP for e in found for n in e.notes):
        # Where f jumps it has no derivative, and no formula is right there.
        proof = Proof(identical=None, components=(None,) * len(proof.components), method=proof.method)
    if proof is not None and proof.identical and request.claimed is not None:
        found = [_proved(e, claimed) for e, claimed in zip(found, request.claimed, strict=True)]
    return Estimates(points=tuple(found), evaluations=0, proof=proof, notes=notes)


@dataclass(frozen=True, slots=True)
class _Understood:
    """What is known of a problem at whatever points."""

    problem: Problem
    formulas: Formulas
    proof: Proof | None
    notes: tuple[Note, ...]


_latest: list[_Understood] = []  # one at most: a search asks for the same problem at one point after the other


def _understood(problem: Problem, deadline: Deadline) -> _Understood:
    """Formulas and proof, which take most of the time and are the same for all points."""
    if _latest and _latest[0].problem is problem:
        return _latest[0]
    try:
        with interrupting(deadline):
            formulas = read_formulas(problem, deadline)
    except OutOfTime:
        raise DoesNotApply("symbolic differentiation took longer than the time allowed") from None
    except (RecursionError, MemoryError):
        raise DoesNotApply("the formula is nested too deeply for symbolic algebra") from None
    proof, notes = _prove(problem, formulas, Deadline(min(deadline.left, PROOF_SHARE * deadline.left + 0.1)))
    _latest[:] = [_Understood(problem, formulas, proof, tuple(notes))]
    return _latest[0]


def _proved(estimate: Estimate, claimed: Array) -> Estimate:
    """The same with the strongest evidence, where the claim has a value at all."""
    if estimate.notes or not np.isfinite(claimed).all():
        return estimate
    return Estimate(value=estimate.value, error_bound=estimate.error_bound, evidence=Evidence.PROVED)


class _Values:
    """Evaluates the derivative at points."""

    def __init__(self, problem: Problem, formulas: Formulas) -> None:
        self._problem = problem
        self._formulas = formulas
        free = {s for e in (*formulas.functions, *formulas.derivative) for s in e.free_symbols}
        self._literals = [s for s in free if is_literal(s)]
        self._evidence = Evidence.CERTIFIED if is_rigorous(formulas.derivative) else Evidence.EXACT
        self._switching = [can_switch(f) for f in formulas.functions]

    def at_all(self, points: Array) -> list[Estimate]:
        """The derivative at each of `points`, shape (k, n)."""
        # Where f is NaN as it is written it has no derivative, even if SymPy has cancelled what makes it so.
        if not points.shape[0]:
            return []
        values = self._problem.function.evaluate(points).values
        undefined = np.isnan(values).any(axis=tuple(range(1, values.ndim)))
        return [self._at(point, bool(u)) for point, u in zip(points, undefined, strict=True)]

    def _at(self, point: Array, undefined: bool) -> Estimate:
        """The derivative at `point`, shape (n,)."""
        formulas, problem = self._formulas, self._problem
        n = len(formulas.symbols)
        count = len(formulas.derivative)
        value, bound = np.full(count, np.nan), np.full(count, np.inf)
        notes: list[Note] = []
        kinks: list[Kink] = []
        if undefined:
            notes.append(Note(NoteKind.NOT_FINITE, "f has no value at the point"))
            return Estimate(
                value=value.reshape(problem.shape), error_bound=bound.reshape(problem.shape),
                evidence=self._evidence, notes=tuple(notes),
            )  # fmt: skip
        place = Place(formulas.symbols, self._literals, point.tolist())
        for i, function in enumerate(formulas.functions):
            on_border = self._switching[i] and isinstance(place.enclose(function), Outcome)
            for j in range(n):
                at = i * n + j
                answer: Value | Slopes | Outcome | None = self._entry(place, function, i, j, on_border)
                if isinstance(answer, Slopes):
                    answer = _between(answer, at, notes, kinks)
                if isinstance(answer, Value):
                    value[at], bound[at] = answer.value, answer.bound
        missing = tuple(np.flatnonzero(np.isnan(value)).tolist())
        if missing and not notes:
            notes.append(Note(NoteKind.NOT_FINITE, "the derivative is not finite at the point", missing))
        return Estimate(
            value=value.reshape(problem.shape), error_bound=bound.reshape(problem.shape),
            evidence=self._evidence, notes=tuple(notes), kinks=tuple(kinks),
        )  # fmt: skip

    def _entry(self, place: Place, function: Any, i: int, j: int, on_border: bool) -> Value | Slopes | Outcome | None:
        derivative = self._formulas.derivative[i * len(self._formulas.symbols) + j]
        if derivative == 0 and not on_border:
            return Value(0.0, 0.0)
        found: Interval | Outcome = Outcome.TIED if on_border else place.enclose(derivative)
        if not isinstance(found, Outcome):
            return to_value(found)
        if self._problem.derivative is Derivative.HESSIAN:
            return Slopes(None, None) if found is Outcome.TIED else found
        return place.slopes(function, derivative, j)


def _between(slopes: Slopes, at: int, notes: list[Note], kinks: list[Kink]) -> Value | None:
    """The common slope where both sides agree; otherwise None, with what was found in `notes` and `kinks`."""
    left, right = slopes.left, slopes.right
    if slopes.jump:
        notes.append(Note(NoteKind.JUMP, "f jumps at the point", (at,)))
        return None
    if left is not None and right is not None:
        bound = left.bound + right.bound
        if abs(left.value - right.value) <= bound:
            return Value(left.value, bound)
        kinks.append(Kink(at, left.value, right.value, max(left.bound, right.bound)))
        notes.append(Note(NoteKind.KINK, "f has a kink at the point", (at,)))
    elif left is not None or right is not None:
        notes.append(Note(NoteKind.EDGE, "f has a slope on one side of the point only", (at,)))
    else:
        notes.append(Note(NoteKind.NOT_FINITE, "the derivative has no finite limit at the point", (at,)))
    return None


# Proof.


def _prove(problem: Problem, formulas: Formulas, deadline: Deadline) -> tuple[Proof | None, list[Note]]:
    if formulas.claimed is None:
        return None, []
    count = len(formulas.derivative)
    if _same_as_written(formulas, deadline):
        return Proof(identical=True, components=(True,) * count, method="symbolic identity"), []
    decisions: list[Decision] = []
    notes: list[Note] = []
    truth = [_without_literals(e) for e in formulas.derivative]
    claimed = [_without_literals(e) for e in formulas.claimed]
    try:
        with interrupting(deadline):
            points = _test_points(problem, formulas)
            domain = problem.domain
            limits = {s: (float(domain.low[i]), float(domain.high[i])) for i, s in enumerate(formulas.symbols)}
            shifts = _shifts(limits, formulas.function_needs)
            judge = Judge(points, limits, shifts, deadline)
            for pair in zip(claimed, truth, strict=True):
                decisions.append(judge.decide(*pair))  # noqa: PERF401 - what is decided must outlive an interruption
            notes, sound = _undefined_parts(formulas, truth, shifts)
    except OutOfTime:
        notes.append(Note(NoteKind.COST, "the symbolic proof ran out of time"))
        sound = False
    except (RecursionError, MemoryError, ArithmeticError, TypeError, ValueError, NotImplementedError, AttributeError):
        # SymPy's simplifiers fail on some inputs with any of these; the values at the points do not depend on them.
        sound = False
    decisions += [Decision(None)] * (count - len(decisions))
    components = tuple(None if d.identical and not sound else d.identical for d in decisions)
    notes += _rounded_constants(decisions, problem)
    return _as_proof(problem, formulas, components, decisions), notes


def _same_as_written(formulas: Formulas, deadline: Deadline) -> bool:
    """Whether claim and derivative are the same for any value of the literals, and the claim needs nothing more of its
    operands than the function does: nine claims in ten, in a fraction of the time of the full proof."""
    granted = set(formulas.function_needs)
    if any(n not in granted and Need(n.expression, Condition.POSITIVE) not in granted for n in formulas.claim_needs):
        return False
    try:
        with interrupting(deadline):
            return all(map(same_as_written, formulas.claimed or (), formulas.derivative))
    except (OutOfTime, RecursionError, MemoryError, ArithmeticError, TypeError, ValueError, AttributeError):
        return False  # the full proof says why


def _without_literals(expression: Any) -> Any:
    values = {s: meaning(s) for s in expression.free_symbols if is_literal(s)}
    return expression.xreplace(values) if values else expression


def _as_proof(
    problem: Problem, formulas: Formulas, components: tuple[bool | None, ...], decisions: list[Decision]
) -> Proof:
    del problem
    if all(c is True for c in components):
        return Proof(identical=True, components=components, method="symbolic identity")
    if False in components:
        identical: bool | None = False
        method = f"enclosures of the difference, with {TEST_BITS * 3 // 10} digits"
    else:
        identical = None
        tests = min((d.points_agreeing for c, d in zip(components, decisions, strict=True) if c is None), default=0)
        method = f"{TEST_BITS * 3 // 10}-digit zero test at {tests} points" if tests else "no symbolic decision"
    claimed = formulas.claimed or []
    texts = [
        (to_text(truth), to_text(claim), _shortest_text(claim - truth) if component is False else "")
        for truth, claim, component in zip(
            map(without_single_values, formulas.derivative), claimed, components, strict=True
        )
    ]
    return Proof(
        identical=identical, components=components, method=method,
        reference=tuple(t[0] for t in texts), claimed=tuple(t[1] for t in texts), difference=tuple(t[2] for t in texts),
    )  # fmt: skip


def _shortest_text(expression: Any) -> str:
    """The expression, what it is when multiplied out, or with its common factors in front: what reads shortest.

    By the text and not by the number of operations: a common factor of constants such as 2.1 is a long fraction.
    """
    import sympy as sp

    numbers = expression.atoms(sp.Number)
    if int(sp.count_ops(expression)) > MOST_OPERATIONS or any(not abs(n) <= MOST_NUMBER for n in numbers):
        return to_text(expression)
    texts = [to_text(e) for e in dict.fromkeys((expression, sp.expand(expression), sp.factor_terms(expression)))]
    return min((text for text in texts if text), key=len, default="")


def _rounded_constants(decisions: list[Decision], problem: Problem) -> list[Note]:
    """Say so where the claim differs by less than the tolerance only: 0.3333333 for 1/3."""
    close = tuple(
        i
        for i, d in enumerate(decisions)
        if d.identical is False and 0 < d.relative_difference <= problem.tolerance.relative
    )
    if not close:
        return []
    size = max(decisions[i].relative_difference for i in close)
    return [Note(NoteKind.OTHER, f"the claim differs by rounded constants, about {size:.0e} relatively", close)]


_IMPLIED: Mapping[Condition, Callable[[Any], Any]] = {
    Condition.POSITIVE: lambda e: e.is_positive,
    Condition.NONNEGATIVE: lambda e: e.is_nonnegative,
    Condition.NONZERO: lambda e: e.is_nonzero,
}


def _shifts(limits: Mapping[Any, tuple[float, float]], needs: list[Need]) -> dict[Any, Any]:
    """x as low + p or high − p with p ≥ 0, where the domain or a need of the function says so."""
    import sympy as sp

    shifts: dict[Any, Any] = {}
    for symbol, (low, high) in limits.items():
        if math.isfinite(low) and low != 0:
            shifts[symbol] = sp.Rational(*low.as_integer_ratio()) + sp.Dummy(nonnegative=True)
        elif math.isfinite(high) and high != 0:
            shifts[symbol] = sp.Rational(*high.as_integer_ratio()) - sp.Dummy(nonnegative=True)
    for need in needs:
        symbol, slope, threshold = as_threshold(_without_literals(need.expression))
        if symbol is None or need.condition is Condition.NONZERO or symbol in shifts:
            continue
        distance = sp.Dummy(**{"positive" if need.condition is Condition.POSITIVE else "nonnegative": True})
        shifts[symbol] = threshold + distance if slope > 0 else threshold - distance
    return shifts


def _undefined_parts(formulas: Formulas, truth: list[Any], shifts: Mapping[Any, Any]) -> tuple[list[Note], bool]:
    """What the claim, as it is written, needs to have a value beyond what the function needs.

    A division by what may be 0 leaves the claim right elsewhere and is noted. An even root or logarithm of what may be
    negative makes the formulas' identity worthless: False is returned as well.
    """
    import sympy as sp

    granted = set(formulas.function_needs)
    nonzero = {
        factor
        for need in granted
        if need.condition is not Condition.NONNEGATIVE
        for factor in _factors(need.expression)
    }
    for expression in truth:
        nonzero |= {f for p in expression.atoms(sp.Pow) if _is_divisor(p) for f in _factors(p.args[0])}
    notes: list[Note] = []
    sound = True
    for need in dict.fromkeys(formulas.claim_needs):
        expression = _without_literals(need.expression)
        strong = Need(need.expression, Condition.POSITIVE)
        shifted = sp.expand(expression.xreplace(shifts)) if shifts else expression
        implied = _IMPLIED[need.condition]
        if need in granted or strong in granted or implied(expression) or implied(shifted):
            continue
        is_root = Need(need.expression, Condition.NONNEGATIVE) in granted or shifted.is_nonnegative
        if need.condition is Condition.NONZERO or is_root:
            open_factors = [f for f in _factors(expression) if f not in nonzero and not f.is_nonzero]
            for factor in open_factors:
                text = to_text(factor) or "a part of it"
                notes.append(Note(NoteKind.OTHER, f"the claim as written has no value where {text} == 0"))
            continue
        if all(factor.is_nonnegative or power % 2 == 0 for factor, power in _powers(expression)):
            continue  # a root or logarithm of a square: real but where that is 0
        text = to_text(expression) or "a part of it"
        notes.append(Note(NoteKind.OTHER, f"the claim as written needs {text} {need.condition.value}"))
        sound = False
    return list(dict.fromkeys(notes)), sound


def _is_divisor(power: Any) -> bool:
    return bool(power.args[1].could_extract_minus_sign())


def _powers(expression: Any) -> list[tuple[Any, int]]:
    """The factors of a product with their powers; other than integer powers count as factors of their own."""
    import sympy as sp

    found = []
    for factor in sp.Mul.make_args(expression):
        base, exponent = factor.as_base_exp()
        found.append((base, int(exponent)) if exponent.is_Integer else (factor, 1))
    return found


def _factors(expression: Any) -> list[Any]:
    """What has to be 0 for the product `expression` to be 0: the bases of its factors."""
    import sympy as sp

    factors = [factor.as_base_exp()[0] for factor in sp.Mul.make_args(expression) if not factor.is_Number]
    return [f.as_content_primitive()[1] for f in factors]


def _test_points(problem: Problem, formulas: Formulas) -> Iterator[Mapping[Any, Interval]]:
    """Random points inside the domain, as binary fractions with few digits."""
    generator = np.random.default_rng([problem.seed, 20_11])
    domain = problem.domain
    for attempt in range(TRIED_POINTS):
        spread = (1.5, 0.4, 4.0)[attempt % 3]
        values = {}
        for i, symbol in enumerate(formulas.symbols):
            low, high = float(domain.low[i]), float(domain.high[i])
            x = _draw(generator, low, high, spread, positive=attempt % 2 == 1)
            exact = Fraction(x)
            values[symbol] = from_fractions(exact, exact, TEST_BITS)
        yield values


def _draw(generator: np.random.Generator, low: float, high: float, spread: float, *, positive: bool) -> float:
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * (0.02 + 0.96 * float(generator.random()))
    if math.isfinite(low):
        return low + spread * float(generator.exponential()) + 2.0**-10
    if math.isfinite(high):
        return high - spread * float(generator.exponential()) - 2.0**-10
    x = round(spread * float(generator.normal()) * 2**20) / 2**20
    return abs(x) if positive else x
