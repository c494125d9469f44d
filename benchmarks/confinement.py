"""What confining a submission costs, and whether the grader grows.

    python -m benchmarks.confinement [--submissions N]

For each submission: copy its folder, fork and confine a process, import the file, call one function on one point, end
the process, remove the folder. In turns with what most graders do: a new `python` that imports NumPy and the file,
unconfined. The whole time of a confined submission is an upper bound of what confining it costs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.timing import ENVIRONMENT
from gradverify.sandbox import Limits, Status, Zygote

SUBMISSION = "import numpy as np\n\ndef grad(x):\n    return 2 * x\n"
PROGRAM = "import numpy as np, answers; print(answers.grad(np.ones(3)))"
CONFINED, PYTHON = "confined, from the zygote", "new python that imports NumPy, unconfined"
WANTED_MILLISECONDS = 50.0  # for each submission
WARM_UP = 5


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=200)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, Zygote(Limits()) as zygote:
        folder = Path(name)
        (folder / "answers.py").write_text(SUBMISSION)
        ways: dict[str, Callable[[], None]] = {CONFINED: lambda: graded(zygote, folder), PYTHON: lambda: fresh(folder)}
        taken: dict[str, list[float]] = {way: [] for way in ways}
        memory = 0
        for number in range(-WARM_UP, options.submissions):
            if number == 0:
                memory = resident_kilobytes()
            for way, run in ways.items():
                started = time.perf_counter()
                run()
                if number >= 0:
                    taken[way].append(1000 * (time.perf_counter() - started))
        grown = resident_kilobytes() - memory
        print(f"isolation level: {zygote.level.name} ({', '.join(k for k, v in zygote.level.details.items() if v)})\n")
    medians = {way: statistics.median(values) for way, values in taken.items()}
    print("| submission | median | slowest of 20 |\n|---|---|---|")
    for way, values in taken.items():
        print(f"| {way} | {medians[way]:.1f} ms | {np.quantile(values, 0.95):.1f} ms |")
    print(f"\nwanted: under {WANTED_MILLISECONDS:g} ms for a confined submission")
    print(f"confined : new python = {medians[CONFINED] / medians[PYTHON]:.2f}")
    print(f"the grader's memory grew by {grown} kB over {options.submissions} submissions")
    return 0 if medians[CONFINED] < WANTED_MILLISECONDS else 1


def graded(zygote: Zygote, folder: Path) -> None:
    """One submission, from its folder to its answer and out again."""
    with zygote.open(folder, "answers.py") as session:
        answer = session.call("grad", [np.ones(3)])
    if answer.status is not Status.OK:
        raise RuntimeError(answer.detail)


def fresh(folder: Path) -> None:
    """The same answer from a process that starts from nothing."""
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=folder, env=ENVIRONMENT, capture_output=True, check=True)


def resident_kilobytes() -> int:
    """This process's memory."""
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    raise SystemExit(main())
