"""Whole processes timed against one another: interleaved, so that a change of the machine's load meets them all."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST = 1800  # seconds for one process
# One thread for each process, for every side: more would measure the number of cores.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NO_COLOR": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}  # fmt: skip

# Installed packages have their byte code. Where it must not be written, every run of a checkout would compile itself.
NO_BYTE_CODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one run: on the clock, and on all cores together, its own processes included."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Contestant:
    """A process to be timed: what to call it, and the arguments of this Python."""

    name: str
    arguments: tuple[str, ...]

    def run(self, folder: Path) -> Taken:
        """One run. Raises where it does not succeed: a failure would be compared with work."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        finished = subprocess.run(
            [sys.executable, *self.arguments],
            cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False,
            env={**{key: value for key, value in os.environ.items() if key != NO_BYTE_CODE}, **ENVIRONMENT},
        )  # fmt: skip
        elapsed = time.perf_counter() - started
        if finished.returncode:
            raise RuntimeError(f"{self.name}: exit code {finished.returncode}\n{finished.stdout}\n{finished.stderr}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return Taken(elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def medians(
    contestants: Sequence[Contestant], folder: Path, repetitions: int, *, warm_up: bool = True
) -> dict[str, Taken]:
    """Medians of each, by name. warm_up: one round before is not counted (byte code, the disk's cache)."""
    taken: dict[str, list[Taken]] = {one.name: [] for one in contestants}
    for repetition in range(-1 if warm_up else 0, repetitions):
        for one in contestants:
            found = one.run(folder)
            if repetition >= 0:
                taken[one.name].append(found)
    return {name: median(values) for name, values in taken.items()}


def median(values: Sequence[Taken]) -> Taken:
    """Of wall and CPU time, each by itself."""
    return Taken(statistics.median(v.wall for v in values), statistics.median(v.cpu for v in values))


def print_seconds(taken: Mapping[str, Taken]) -> None:
    """The table of medians."""
    print("| process | median | CPU |\n|---|---|---|")
    for name, value in taken.items():
        print(f"| {name} | {value.wall:.3g} s | {value.cpu:.3g} s |")
    print()


def print_ratios(taken: Mapping[str, Taken], pairs: Sequence[tuple[str, str]]) -> None:
    """The table of ratios that the benchmark is about."""
    print("| compared | ratio | of CPU time |\n|---|---|---|")
    for one, other in pairs:
        wall, cpu = taken[one].wall / taken[other].wall, taken[one].cpu / taken[other].cpu
        print(f"| {one} : {other} | {wall:.2f} | {cpu:.2f} |")
    print()
