"""Whole processes timed against one another: interleaved, so that a change of the machine's load meets them all."""

from __future__ import annotations

import os
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
class Contestant:
    """A process to be timed: what to call it, and the arguments of this Python."""

    name: str
    arguments: tuple[str, ...]

    def seconds(self, folder: Path) -> float:
        """Wall time of one run. Raises where it does not succeed: a failure would be compared with work."""
        started = time.perf_counter()
        finished = subprocess.run(
            [sys.executable, *self.arguments],
            cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False,
            env={**{key: value for key, value in os.environ.items() if key != NO_BYTE_CODE}, **ENVIRONMENT},
        )  # fmt: skip
        elapsed = time.perf_counter() - started
        if finished.returncode:
            raise RuntimeError(f"{self.name}: exit code {finished.returncode}\n{finished.stdout}\n{finished.stderr}")
        return elapsed


def medians(
    contestants: Sequence[Contestant], folder: Path, repetitions: int, *, warm_up: bool = True
) -> dict[str, float]:
    """Median seconds of each, by name. warm_up: one round before is not counted (byte code, the disk's cache)."""
    taken: dict[str, list[float]] = {one.name: [] for one in contestants}
    for repetition in range(-1 if warm_up else 0, repetitions):
        for one in contestants:
            seconds = one.seconds(folder)
            if repetition >= 0:
                taken[one.name].append(seconds)
    return {name: statistics.median(values) for name, values in taken.items()}


def print_seconds(seconds: Mapping[str, float]) -> None:
    """The table of medians."""
    print("| process | median |\n|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {value:.2f} s |")
    print()


def print_ratios(seconds: Mapping[str, float], pairs: Sequence[tuple[str, str]]) -> None:
    """The table of ratios that the benchmark is about."""
    print("| compared | ratio |\n|---|---|")
    for one, other in pairs:
        print(f"| {one} : {other} | {seconds[one] / seconds[other]:.2f} |")
    print()
