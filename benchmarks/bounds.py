"""Do finite-difference error bounds cover the true error, and how wide are they?

    python -m benchmarks.bounds [--cases N] [--worst]

Each case is f(x) = c + A·g(x/L) with x, A, L and c/A drawn over 1e-8 … 1e8, for eleven smooth g. The true derivative
comes from mpmath at 60 digits for the very doubles that f uses. Printed: the share of cases where the bound covers the
error (wanted: 99.9 %), the median of bound/error where there is an error to measure (wanted: at most 100), the share of
bounds good enough to decide a relative tolerance of 1e-6, and evaluations a component.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import mpmath
import numpy as np
from gradverify_finite_difference import FiniteDifference

from gradverify.core.arrays import Array, Vector
from gradverify.core.problem import Derivative, Domain, Evaluation, Problem, Request
from gradverify.core.variables import Variables

DIGITS = 60
POINTS = 20  # points of one function in one call
WANTED_COVERAGE = 0.999
WANTED_MEDIAN = 100.0


@dataclass(frozen=True)
class Family:
    """g as NumPy computes it, g′ by mpmath, and the u = x/L it is used at: the largest |u|, and whether u > 0."""

    name: str
    value: Callable[[Vector], Vector]
    slope: Callable[[mpmath.mpf], mpmath.mpf]
    largest: float = 1e8
    positive: bool = False


FAMILIES = (
    Family("cubic", lambda u: u**3 - 2 * u**2 + u + 1, lambda u: 3 * u**2 - 4 * u + 1),
    Family("quintic", lambda u: u**5 + u, lambda u: 5 * u**4 + 1, 1e6),
    Family("exp", np.exp, mpmath.exp, 300.0),
    Family("sin", np.sin, mpmath.cos),
    Family("cos", np.cos, lambda u: -mpmath.sin(u)),
    Family("log", np.log, lambda u: 1 / u, positive=True),
    Family("sqrt", np.sqrt, lambda u: 1 / (2 * mpmath.sqrt(u)), positive=True),
    Family("rational", lambda u: (u - 1) / (1 + u**2), lambda u: (1 + 2 * u - u**2) / (1 + u**2) ** 2),
    Family("tanh", np.tanh, lambda u: mpmath.sech(u) ** 2, 15.0),
    Family(
        "sin·exp",
        lambda u: np.sin(3 * u) * np.exp(-u),
        lambda u: mpmath.exp(-u) * (3 * mpmath.cos(3 * u) - mpmath.sin(3 * u)),
        200.0,
    ),
    Family("gauss", lambda u: np.exp(-u * u / 2), lambda u: -u * mpmath.exp(-u * u / 2), 20.0),
)


@dataclass(frozen=True)
class Scaled:
    """c + A·g(x/L), as a `Function`."""

    family: Family
    amplitude: float
    length: float
    offset: float
    kind: str = "expression"
    output_shape: tuple[int, ...] = ()

    def evaluate(self, points: Array) -> Evaluation:
        return Evaluation(self.offset + self.amplitude * self.family.value(points[:, 0] / self.length))

    def slope(self, x: float) -> mpmath.mpf:
        u = mpmath.mpf(x) / mpmath.mpf(self.length)
        return mpmath.mpf(self.amplitude) / mpmath.mpf(self.length) * self.family.slope(u)


@dataclass
class Tally:
    """Results of some cases."""

    covered: list[bool] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    sharp: list[bool] = field(default_factory=list)
    evaluations: list[float] = field(default_factory=list)

    def add(self, truth: mpmath.mpf, value: float, bound: float) -> bool:
        error = float(abs(mpmath.mpf(value) - truth)) if np.isfinite(value) else float("inf")
        size = abs(float(truth))
        covered = error <= bound
        self.covered.append(covered)
        if error > 2.3e-16 * size and np.isfinite(bound):
            self.ratios.append(bound / error)
        self.sharp.append(bound <= 0.5e-6 * size)
        return covered

    def row(self, name: str) -> str:
        coverage = 100 * float(np.mean(self.covered))
        median = float(np.median(self.ratios)) if self.ratios else float("nan")
        sharp = 100 * float(np.mean(self.sharp))
        cost = float(np.mean(self.evaluations)) if self.evaluations else float("nan")
        return f"{name:<22}{len(self.covered):>8}{coverage:>11.3f}{median:>10.1f}{sharp:>10.1f}{cost:>9.1f}"


def draw(random: np.random.Generator, family: Family) -> tuple[Scaled, Vector]:
    """A function and points where u stays within what g can take."""
    length = 10.0 ** random.uniform(-8, 8)
    amplitude = 10.0 ** random.uniform(-8, 8)
    offset = 0.0 if random.random() < 0.4 else random.choice([-1, 1]) * amplitude * 10.0 ** random.uniform(-8, 8)
    x = 10.0 ** random.uniform(-8, 8, POINTS)
    # Half of the points at u around 1, where nothing saturates; the others wherever x falls.
    x[::2] = length * 10.0 ** random.uniform(-2, 1, len(x[::2]))
    x = np.minimum(x, family.largest * length)
    if not family.positive:
        x *= random.choice([-1, 1], POINTS)
    return Scaled(family, amplitude, length, offset), x


def problem(function: Scaled, seed: int) -> Problem:
    return Problem(
        name=function.family.name,
        derivative=Derivative.GRADIENT,
        variables=Variables.of([("x", ())]),
        function=function,
        domain=Domain(
            np.array([0.0 if function.family.positive else -np.inf]),
            np.array([np.inf]),
            np.array([True]),
            np.array([True]),
        ),
        seed=seed,
    )


def cases(count: int, seed: int) -> Iterator[tuple[Scaled, Vector, int]]:
    random = np.random.default_rng(seed)
    for number in range(count // POINTS):
        function, x = draw(random, FAMILIES[number % len(FAMILIES)])
        yield function, x, number


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if a figure that is wanted is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=22_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worst", action="store_true", help="print the cases that are not covered")
    chosen = parser.parse_args(arguments)
    mpmath.mp.dps = DIGITS
    tallies: dict[str, Tally] = {}
    claimed = Tally()
    backend = FiniteDifference()
    for function, x, number in cases(chosen.cases, chosen.seed):
        asked = problem(function, number)
        truths = [function.slope(float(at)) for at in x]
        found = backend.estimate(asked, Request(x[:, None]))
        agreed = backend.estimate(asked, Request(x[:, None], np.array([[float(t)] for t in truths])))
        claimed.evaluations.append(agreed.evaluations / POINTS)
        offset = abs(function.offset / function.amplitude)
        groups = ["all", f"g = {function.family.name}"]
        groups.append("no offset" if offset == 0 else "offset < 1" if offset < 1 else "offset ≥ 1")
        for at, truth, point, second in zip(x, truths, found.points, agreed.points, strict=True):
            u = abs(at / function.length)
            scale = "u < 1e-3" if u < 1e-3 else "u in 1e-3 … 1e3" if u < 1e3 else "u ≥ 1e3"
            for group in [*groups, scale]:
                tally = tallies.setdefault(group, Tally())
                covered = tally.add(truth, float(point.value[0]), float(point.error_bound[0]))
                tally.evaluations.append(found.evaluations / POINTS)
            if chosen.worst and not covered:
                gap = float(abs(mpmath.mpf(float(point.value[0])) - truth))
                print(f"{function} x={at!r} u={u:.3g} case {number}: truth {float(truth):.6g}, error {gap:.3g}", point)
            claimed.add(truth, float(second.value[0]), float(second.error_bound[0]))
    print(f"{'':<22}{'cases':>8}{'covered %':>11}{'median':>10}{'sharp %':>10}{'evals':>9}")
    for name in sorted(tallies, key=lambda text: (text != "all", text)):
        print(tallies[name].row(name))
    print(claimed.row("with the true claim"))
    whole = tallies["all"]
    good = float(np.mean(whole.covered)) >= WANTED_COVERAGE and float(np.median(whole.ratios)) <= WANTED_MEDIAN
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
