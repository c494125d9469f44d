"""How a run grows with the number of its specs: seconds for one, and what the parent process holds of each.

    python -m benchmarks.growth [--sizes N [N …]] [--jobs N]

The specs of benchmarks.throughput, all backends, without the cache. A run of one spec is taken off every time, and its
memory from every peak, so that what is left is what more specs cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.throughput import cases, spec_file
from benchmarks.timing import ENVIRONMENT, LONGEST, NO_BYTE_CODE

# The command in a process that then tells its own peak, without that of its workers, and the CPU time of them all.
PROGRAM = """
import resource, sys
from gradverify.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    if end.code:
        raise
own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
print(own.ru_maxrss, own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """Of one run, or medians of several."""

    seconds: float
    cpu: float
    peak: float  # of the parent, kB


def run(folder: Path, size: int, jobs: int) -> Run:
    """One run of `size` specs."""
    file = f"{size}.yaml"
    (folder / file).write_text(spec_file(list(cases(size))), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != NO_BYTE_CODE}
    started = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, "run", file, "-q", "--no-cache", "-j", str(jobs)],
        cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=True, env={**environment, **ENVIRONMENT},
    )  # fmt: skip
    seconds = time.perf_counter() - started
    peak, cpu = map(float, finished.stdout.split()[-2:])
    return Run(seconds, cpu, peak)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args(arguments)
    sizes = [1, *options.sizes]
    taken: dict[int, list[Run]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), 1, 1)  # byte code, the disk's cache
        for _ in range(options.repetitions):
            for size in sizes:
                taken[size].append(run(Path(name), size, options.jobs))
    one, *_ = found = [
        Run(*(statistics.median(getattr(r, key) for r in taken[size]) for key in ("seconds", "cpu", "peak")))
        for size in sizes
    ]
    print("| specs | seconds | ms a spec | CPU ms a spec | peak of the parent | kB a spec |\n|---|---|---|---|---|---|")
    for size, each in zip(sizes[1:], found[1:], strict=True):
        wall, cpu = (1e3 * (t - t0) / (size - 1) for t, t0 in ((each.seconds, one.seconds), (each.cpu, one.cpu)))
        held = (each.peak - one.peak) / (size - 1)
        print(f"| {size:,} | {each.seconds:.1f} | {wall:.2f} | {cpu:.2f} | {each.peak / 1e3:.0f} MB | {held:.1f} |")
    print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
