"""Gradients of 101, 5,560 and 25,557,032 parameters, and one in shards that no process may hold whole.

    python -m benchmarks.scale [--sizes N…] [--shards N]

Each measurement is a process of its own. Memory is the peak of the resident set (getrusage) less that of a process that
makes the point and calls f and the gradient once, in parameter vectors of n doubles. Time is set beside what the
evaluations of f alone took, measured in the same process by a wrapper about f, which also counts them.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
SIZES = ROOT / "specs" / "sizes"
LONGEST = 1800  # seconds for one process
SEED = 1


@dataclass(frozen=True, slots=True)
class Model:
    """A function, its gradient, the shapes of its arguments, and the fault of its wrong twin: argument and index."""

    function: Callable[..., Any]
    gradient: Callable[..., Any]
    shapes: Mapping[str, tuple[int, ...]]
    spread: float  # of the parameters, which are drawn from a normal distribution
    wrong: tuple[int, int]


def models() -> dict[int, Model]:
    sys.path.insert(0, str(SIZES))
    import networks  # type: ignore[import-not-found]

    return {
        101: Model(
            networks.squared_error, networks.squared_error_gradient, {"w": (100,), "b": ()}, 1.0, (0, 57)
        ),
        5_560: Model(
            networks.cross_entropy, networks.cross_entropy_gradient,
            {"W1": (100, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}, 0.1, (0, 4_321),
        ),
        25_557_032: Model(
            networks.resnet50_loss, networks.resnet50_gradient, networks.resnet50_shapes(), 0.05, (144, 1_234_567)
        ),
    }  # fmt: skip


@dataclass
class Counted:
    """A function that counts its calls and the seconds they take."""

    function: Callable[..., Any]
    calls: int = 0
    seconds: float = 0.0

    def __call__(self, *arguments: Any) -> Any:
        started = time.perf_counter()
        value = self.function(*arguments)
        self.seconds += time.perf_counter() - started
        self.calls += 1
        return value


def parts_of(x: Any, shapes: Mapping[str, tuple[int, ...]]) -> list[Any]:
    """The flat vector x as one argument a variable; no copies."""
    parts, offset = [], 0
    for shape in shapes.values():
        size = math.prod(shape)
        parts.append(x[offset : offset + size].reshape(shape))
        offset += size
    return parts


def peak() -> float:
    """The largest resident set so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def measure(size: int, what: str) -> dict[str, Any]:
    """One measurement, in this process. what: `base`, `right` or `wrong`."""
    import gradverify

    model = models()[size]
    x = model.spread * np.random.default_rng(SEED).standard_normal(size)
    arguments = parts_of(x, model.shapes)

    def wrong(*given: Any) -> Any:
        found = list(model.gradient(*given))
        which, index = model.wrong
        found[which].reshape(-1)[index] *= -1
        return found

    f, g = Counted(model.function), Counted(wrong if what == "wrong" else model.gradient)
    f(*arguments)
    g(*arguments)
    if what == "base":
        return {"peak": peak()}
    f.calls, f.seconds, g.calls, g.seconds = 0, 0.0, 0, 0.0
    options: dict[str, Any] = {} if size < 10_000 else {"search": False}
    started = time.perf_counter()
    report = gradverify.check(f, g, at=x, variables=model.shapes, **options)
    seconds = time.perf_counter() - started
    result = report.result
    told = [p for c in result.checks for p in c.details.get("projections", ())]
    return {
        "peak": peak(), "seconds": seconds, "verdict": result.verdict.value, "evidence": str(result.evidence),
        "calls": f.calls, "f_seconds": f.seconds, "g_seconds": g.seconds,
        "wrong": [c.label for c in result.wrong_components], "notes": list(result.notes),
        "locating": sum(p["evaluations_to_locate"] for p in told),
    }  # fmt: skip


def in_a_process(size: int, what: str) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", "--one", str(size), what],
        cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


def print_sizes(sizes: Sequence[int]) -> None:
    rows = []
    for size in sizes:
        base = in_a_process(size, "base")["peak"]
        for what in ("right", "wrong"):
            found = in_a_process(size, what)
            beyond = (found["peak"] - base) / (8 * size)
            without = found["seconds"] - found["g_seconds"]
            vectors = f"{beyond:.1f}" if size > 10**6 else "–"  # of small ones the libraries' own memory is all
            rows.append(
                f"| {size:,} | {what} | {found['verdict']} ({found['evidence']}) | {found['calls'] - found['locating']}"
                f" | {found['locating']} | {found['seconds']:.2f} s | {1e3 * found['f_seconds'] / found['calls']:.3g}"
                f" ms | {without / found['f_seconds']:.2f} | {vectors} |"
            )
            said = ", ".join(found["wrong"]) if what == "wrong" else "; ".join(found["notes"])
            if said:
                print(f"{size:,}, {what}: {said}\n", flush=True)
    print(
        "| parameters | claim | verdict (evidence) | evaluations of f | further ones to locate | time | one evaluation"
        " | time without g : evaluations of f | memory beyond f's own, vectors |\n|---|---|---|---|---|---|---|---|---|"
    )
    print("\n".join(rows), "\n", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[101, 5_560, 25_557_032])
    parser.add_argument("--shards", type=int, default=16_000_000, help="parameters in shards; 0: none")
    parser.add_argument("--one", nargs=2, metavar=("SIZE", "WHAT"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(measure(int(options.one[0]), options.one[1])))
        return 0
    if options.sizes:
        print_sizes(options.sizes)
    if options.shards:
        from benchmarks.shards import print_shards

        print_shards(options.shards)
    return 0


if __name__ == "__main__":
    sys.exit(main())
