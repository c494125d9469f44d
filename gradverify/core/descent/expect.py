"""What a spec expects of a descent, and whether it came so. Pure: a trajectory in, findings out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Vector
from gradverify.core.descent.behaviour import SETTLED, Behaviour, Rate, armijo_breaches, rises
from gradverify.core.descent.methods import ARMIJO
from gradverify.core.descent.run import Stop, Trajectory
from gradverify.core.descent.words import EXPECTED, away, counted, happened
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Verdict
from gradverify.core.verify import show_point

ANY = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What has to come out; None, or bounds without ends: anything."""

    behaviour: Behaviour | None = None
    minimiser: Vector | None = None  # shape (n,)
    value: float | None = None
    tolerance: float = 1e-4  # absolute, of `minimiser` in each component and of `value`
    iterations: tuple[float, float] | None = None  # at least, at most
    rate: tuple[float, float] | None = None
    monotone: bool | None = None
    armijo: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A descent that was run: what happened, and what its words need.

    value_at_minimiser: f at the expected minimiser, where that is given.  failure: what the functions said when they
    failed on the way.  theory: the rate that the Hessian at the end gives for it.  newton: the step from the end to the
    minimiser beside it, shape (n,), where it converged and the Hessian is known to be definite.  noise: the round-off
    level of f at an iterate, by its number; asked for only where a rise of f may be no more than that.
    """

    trajectory: Trajectory
    behaviour: Behaviour
    rate: Rate | None
    theory: Rate | None = None
    newton: Vector | None = None
    gradient_tolerance: float
    variables: Variables
    value_at_minimiser: float | None = None
    failure: str | None = None
    noise: Callable[[int], float] = lambda _k: 0.0

    @property
    def story(self) -> str:
        """What it did, as a clause that follows "it "."""
        return happened(self.trajectory, self.behaviour, self.gradient_tolerance, self.variables, self.failure)


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation that did not come true, or could not be decided. `key` is the spec's."""

    key: str
    verdict: Verdict
    message: str


def judge(ran: Ran, expected: Expectation) -> list[Finding]:
    """What did not come out as expected; nothing where all did."""
    if ran.trajectory.stop is Stop.TIME:
        done = counted(ran.trajectory.iterations)
        message = f"the time allowed was spent after {done}: lower `max_iterations`, or give it less to do"
        breaches = [f for f in (*_monotone(ran, expected), *_armijo(ran, expected)) if f.verdict is Verdict.FAIL]
        return [*breaches, Finding("max_iterations", Verdict.INCONCLUSIVE, message)]
    checks = (_behaviour, _minimiser, _value, _iterations, _rate, _monotone, _armijo)
    return [finding for check in checks for finding in check(ran, expected)]


def _fail(key: str, message: str) -> Finding:
    return Finding(key, Verdict.FAIL, message)


def _behaviour(ran: Ran, expected: Expectation) -> Iterator[Finding]:
    if expected.behaviour is not None and expected.behaviour is not ran.behaviour:
        yield _fail("behaviour", f"{EXPECTED[expected.behaviour]}, but it {ran.story}")


def _minimiser(ran: Ran, expected: Expectation) -> Iterator[Finding]:
    target = expected.minimiser
    if target is None:
        return
    known = ran.value_at_minimiser
    if expected.value is not None and known is not None and not abs(known - expected.value) <= _room(expected):
        yield _fail(
            "minimiser",
            f"the expectation contradicts itself: f is {known:.6g} at the minimiser {show_point(target)},"
            f" and {expected.value:.6g} is expected as its value",
        )
    distance = away(ran.trajectory.last, target)
    # What it stopped short of, its gradient tolerance let it.
    arrived = ran.newton is not None and away(ran.trajectory.last + ran.newton, target) <= expected.tolerance
    if not (distance <= expected.tolerance or arrived):
        told = "" if math.isnan(distance) else f", {distance:.3g} away"
        end = show_point(ran.trajectory.last)
        yield _fail(
            "minimiser",
            f"expected to end at {show_point(target)}, but it ended at {end}{told} (tolerance {expected.tolerance:g})",
        )


def _room(expected: Expectation) -> float:
    """How far f at the minimiser may be from `value` when both are meant: round-off of what people write counts."""
    value = expected.value or 0.0
    return expected.tolerance + 1e-6 * abs(value)


def _value(ran: Ran, expected: Expectation) -> Iterator[Finding]:
    end = float(ran.trajectory.values[-1])
    if expected.value is None or abs(end - expected.value) <= expected.tolerance:
        return
    left = 0.0 if ran.newton is None else 0.5 * float(ran.trajectory.gradients[-1] @ ran.newton)
    if not abs(end + left - expected.value) <= expected.tolerance:
        yield _fail(
            "value",
            f"expected f = {expected.value:.6g} at the end, but f = {end:.6g} (tolerance {expected.tolerance:g})",
        )


def _iterations(ran: Ran, expected: Expectation) -> Iterator[Finding]:
    if expected.iterations is None:
        return
    low, high = expected.iterations
    count = ran.trajectory.iterations
    meant_to_arrive = expected.behaviour in (None, Behaviour.CONVERGES)
    if meant_to_arrive and ran.behaviour is not Behaviour.CONVERGES and high < math.inf:
        if expected.behaviour is None:
            yield _fail("iterations", f"expected to be there after at most {high:g} iterations, but it {ran.story}")
    elif not count <= high:
        yield _fail("iterations", f"it took {counted(count)}, expected at most {high:g}")
    if not count >= low:
        yield _fail("iterations", f"it took {counted(count)}, expected at least {low:g}")


def _rate(ran: Ran, expected: Expectation) -> Iterator[Finding]:
    if expected.rate is None:
        return
    low, high = expected.rate
    if ran.rate is None:
        steps = counted(ran.trajectory.iterations, "step")
        shown = f"no linear rate shows in {steps}: they have to become {SETTLED:,.0f} times shorter for that"
        yield Finding("rate", Verdict.INCONCLUSIVE, shown)
        return
    value, error = ran.rate.value, ran.rate.error
    theory = f" (theory: max |1 − ηλ| = {ran.theory.value:.6g})" if ran.theory is not None else ""
    said = f"the rate of convergence is {value:.6g} ± {error:.1g}{theory}"
    below = value < low or (high == math.inf and low > -math.inf)
    wanted = f"at least {low:g}" if below else f"at most {high:g}"
    if value - error > high or value + error < low:
        yield _fail("rate", f"{said}, expected {wanted}")
    elif not (value + error <= high and value - error >= low):
        message = f"{said}: its error is too large to say whether it is {wanted}"
        yield Finding("rate", Verdict.INCONCLUSIVE, message)


def _monotone(ran: Ran, expected: Expectation) -> Iterator[Finding]:
    if expected.monotone is None:
        return
    values = ran.trajectory.values
    with np.errstate(all="ignore"):
        k = _beyond_noise(ran, rises(values), np.diff(values))
    if expected.monotone and k is not None:
        before, after = (float(v) for v in ran.trajectory.values[k - 1 : k + 1])
        yield _fail(
            "monotone", f"f was to fall in every iteration, but it rose in iteration {k}, {_change(before, after)}"
        )
    elif not expected.monotone and k is None:
        yield _fail("monotone", f"f was to rise in some iteration, but it fell in all {ran.trajectory.iterations}")


NOISE_UNITS = 8.0  # of f's measured round-off level, which is one to within a factor of 4, at either end of a step
MOST_MEASURED = 8  # steps whose round-off is measured, of the first ones and of those that breach by most beside f


def _beyond_noise(ran: Ran, breaches: Array, excess: Vector) -> int | None:
    """The first of `breaches` (numbers of iterations) that is more than f's own round-off; None where none is.

    excess: for every iteration, by how much it breaches.
    """
    size = np.abs(ran.trajectory.values[breaches - 1]) + np.abs(ran.trajectory.values[breaches])
    with np.errstate(all="ignore"):
        beside = np.where(size > 0, excess[breaches - 1] / size, np.inf)  # round-off is large where f is
    largest = breaches[np.argsort(-beside)][:MOST_MEASURED]
    for k in sorted({*breaches[:MOST_MEASURED].tolist(), *largest.tolist()}):
        over = float(excess[k - 1])
        if not over <= NOISE_UNITS * max(ran.noise(k - 1), ran.noise(k)):
            return int(k)
    return None


def _change(before: float, after: float) -> str:
    for digits in (6, 10, 17):
        texts = f"{before:.{digits}g}", f"{after:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return f"from {texts[0]} to {texts[1]}"


def _armijo(ran: Ran, expected: Expectation) -> Iterator[Finding]:
    if not expected.armijo:
        return
    t = ran.trajectory
    with np.errstate(all="ignore"):
        k = _beyond_noise(ran, armijo_breaches(t, ARMIJO), np.diff(t.values) - ARMIJO * t.slopes)
    if k is not None:
        with np.errstate(all="ignore"):
            decrease = float(ran.trajectory.values[k - 1] - ran.trajectory.values[k])
            wanted = -ARMIJO * float(ran.trajectory.slopes[k - 1])
        yield _fail(
            "armijo",
            f"every step was to lower f by at least c₁·g·(−step) (Armijo, c₁ = {ARMIJO:g}), but iteration {k}"
            f" {'lowers' if decrease >= 0 else 'raises'} it by {abs(decrease):.3g}, and {wanted:.3g} was wanted",
        )
