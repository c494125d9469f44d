"""How long people wait for one small spec, and for the help.

    python -m benchmarks.start [--repetitions N]

Whole processes, timed from outside: one spec of two variables judged by all three backends, against a process that only
imports NumPy and SymPy; `gradverify --help` against an empty process.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.timing import Contestant, medians, print_ratios, print_seconds

SPEC = """\
name: bowl
variables: [x, y]
function: x**2 + 2*y**2 + sin(x*y)
gradient: [2*x + y*cos(x*y), 4*y + x*cos(x*y)]
points: [[4, 3], [-1.5, 0.25]]
"""
RUN, IMPORTS = "gradverify run bowl.yaml", "import numpy, sympy"
VALIDATE, NUMPY = "gradverify validate bowl.yaml", "import numpy"
HELP, EMPTY = "gradverify --help", "pass"
CONTESTANTS = (
    Contestant(RUN, ("-m", "gradverify", "run", "bowl.yaml", "-j", "1", "--no-cache")),
    Contestant(IMPORTS, ("-c", IMPORTS)),
    Contestant(VALIDATE, ("-m", "gradverify", "validate", "bowl.yaml")),
    Contestant(NUMPY, ("-c", NUMPY)),
    Contestant(HELP, ("-m", "gradverify", "--help")),
    Contestant(EMPTY, ("-c", EMPTY)),
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=11)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bowl.yaml").write_text(SPEC, encoding="utf-8")
        seconds = medians(CONTESTANTS, folder, options.repetitions)
    print_seconds(seconds)
    print_ratios(seconds, [(RUN, IMPORTS), (VALIDATE, NUMPY), (HELP, EMPTY)])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
