"""`python -m benchmarks [NAME…] [--full]`: the named benchmarks, by default all of them in a quick form."""

from __future__ import annotations

import argparse
import importlib
import sys

# Name → the arguments of the quick form; the full form is the module's own default.
QUICK = {
    "bounds": ("--cases", "2200"),
    "verdicts": ("--limit", "60"),
    "start": ("--repetitions", "5"),
    "confinement": ("--submissions", "50"),
    "throughput": ("--specs", "50", "--repetitions", "1"),
    "growth": ("--sizes", "50", "200", "--repetitions", "1"),
    "large": ("--repetitions", "3"),
    "scale": ("--sizes", "101", "5560", "--shards", "0"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(QUICK)}; default: all")
    parser.add_argument(
        "--full", action="store_true", help="as many cases and repetitions as benchmarks/README.md says"
    )
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in QUICK]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; choose from {', '.join(QUICK)}")
    worst = 0
    for name in options.names or QUICK:
        print(f"## {name}\n", flush=True)
        module = importlib.import_module(f"benchmarks.{name}")
        worst = max(worst, module.main([] if options.full else list(QUICK[name])) or 0)
        print(flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
