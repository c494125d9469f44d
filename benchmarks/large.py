"""A two-layer network with 5,560 parameters: gradverify against `scipy.optimize.check_grad` on the same functions.

    python -m benchmarks.large [--repetitions N]

The spec `two-layer-network` of specs/machine_learning, whose backward pass is written by hand in NumPy. Both sides run
in this process, at the same point, and take turns; imports, reading the spec and a first run on either side are not
counted. Then single components of the gradient are made wrong by a factor, and both are asked whether they see it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import Taken, median, print_ratios, print_seconds
from gradverify.core.arrays import Array
from gradverify.core.problem import Derivative
from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.functions.build import load, points_of
from gradverify.plugins import Plugins, load_plugins
from gradverify.run.limits import single_threaded
from gradverify.run.settings import VerifySettings
from gradverify.run.single import run_spec
from gradverify.spec.load import load_specs
from gradverify.spec.model import Spec

SPEC = Path(__file__).parent.parent / "specs" / "machine_learning" / "losses.yaml"
NAME = "two-layer-network"
THRESHOLD = 1e-4  # ten times what a right gradient of this network gives; the usual 1e-6 would fail it
FACTORS = (-1.0, 0.0, 2.0, 1.1, 1.01, 1.001)
SEED = 3
OURS, ALONE, THEIRS = "gradverify, all backends", "gradverify, finite differences only", "scipy.optimize.check_grad"


@dataclass(frozen=True, slots=True)
class Sides:
    """The spec for gradverify, and the same point and functions of one vector for SciPy."""

    spec: Spec
    plugins: Plugins
    point: Array
    function: Callable[[Array], float]
    gradient: Callable[[Array], Array]

    def ours(self, *backends: str, claim: Callable[..., Any] | None = None) -> SpecResult:
        """A whole check: verdict, search and blind spots."""
        plugins = self.plugins if claim is None else self.plugins.with_loader(_Wrong(self.plugins, claim))
        return run_spec(self.spec, plugins, VerifySettings(backends=backends or None))

    def theirs(self, gradient: Callable[[Array], Array] | None = None) -> float:
        """The norm of claimed − differences."""
        from scipy.optimize import check_grad

        return float(check_grad(self.function, gradient or self.gradient, self.point))


class _Wrong:
    """The Python loader, with the gradient replaced."""

    kind = "python"

    def __init__(self, plugins: Plugins, claim: Callable[..., Any]) -> None:
        self._plain, self._claim = plugins.loaders["python"].value, claim

    def load(self, target: str, directory: Path, options: Mapping[str, Any]) -> Callable[..., Any]:
        """What `target` names."""
        return self._claim if target.endswith("backward") else self._plain.load(target, directory, options)


def sides() -> Sides:
    """Everything read and loaded."""
    plugins = load_plugins()
    spec = next(s for s in load_specs([SPEC]).specs if s.name == NAME)
    points, _ = points_of(spec)
    loaded = load(spec, {kind: r.value for kind, r in plugins.loaders.items()}, points)
    claim = loaded.claims[Derivative.GRADIENT]
    f, g = loaded.function.callable, claim.callable  # type: ignore[attr-defined]
    constants = dict(loaded.constants)

    def split(x: Array) -> list[Array]:
        return [x[v.components].reshape(v.shape) for v in spec.variables]

    def function(x: Array) -> float:
        return float(f(*split(x), **constants))

    def gradient(x: Array) -> Array:
        return np.concatenate([np.ravel(part) for part in g(*split(x), **constants)])

    return Sides(spec, plugins, points[0], function, gradient)


def seconds(both: Sides, repetitions: int) -> dict[str, Taken]:
    """Medians, the sides taking turns."""
    runs: dict[str, Callable[[], object]] = {
        OURS: both.ours,
        ALONE: lambda: both.ours("finite-difference"),
        THEIRS: both.theirs,
    }
    taken: dict[str, list[Taken]] = {name: [] for name in runs}
    for repetition in range(-1, repetitions):
        for name, run in runs.items():
            started, cpu = time.perf_counter(), time.process_time()
            run()
            if repetition >= 0:
                taken[name].append(Taken(time.perf_counter() - started, time.process_time() - cpu))
    return {name: median(values) for name, values in taken.items()}


def print_detections(both: Sides) -> None:
    """One component at a time made wrong: who sees it?"""
    random = np.random.default_rng(SEED)
    right = both.gradient(both.point)
    middle = np.argsort(np.abs(right))[right.size // 2 :]  # as large as half of all components at least
    print(f"| one component times | {OURS} | {ALONE} | {THEIRS} < {THRESHOLD:g} |\n|---|---|---|---|")
    for factor in FACTORS:
        index = int(random.choice(middle))
        wrong = _with_factor(both, index, factor)
        ours = both.ours(claim=wrong.split).found
        alone = both.ours("finite-difference", claim=wrong.split).found
        theirs = both.theirs(wrong.whole)
        print(
            f"| {factor:g} | {ours.value} | {alone.value} | {theirs:.1g}: {'fail' if theirs > THRESHOLD else 'pass'} |"
        )
    ours, alone = both.ours().found, both.ours("finite-difference").found
    print(f"| 1 (right) | {ours.value} | {alone.value} | {both.theirs():.1g} |\n")
    if ours is not Verdict.PASS:
        raise RuntimeError("the right gradient does not pass")


@dataclass(frozen=True, slots=True)
class _Claims:
    whole: Callable[[Array], Array]
    split: Callable[..., list[Array]]


def _with_factor(both: Sides, index: int, factor: float) -> _Claims:
    def whole(x: Array) -> Array:
        found = both.gradient(x)
        found[index] *= factor
        return found

    def split(*arguments: Array, **_: Array) -> list[Array]:
        found = whole(np.concatenate([np.ravel(a) for a in arguments]))
        return [found[v.components].reshape(v.shape) for v in both.spec.variables]

    return _Claims(whole, split)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args(arguments)
    single_threaded()
    both = sides()
    taken = seconds(both, options.repetitions)
    print(f"{both.point.size:,} parameters at one point\n")
    print_seconds(taken)
    print_ratios(taken, [(THEIRS, OURS), (THEIRS, ALONE)])
    print_detections(both)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
