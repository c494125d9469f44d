"""Many small specs: gradverify against a test file that people would write with SciPy.

    python -m benchmarks.throughput [--specs N] [--repetitions N]

N functions of two variables with random coefficients, three points each, all gradients right. On one side a spec file;
on the other a pytest file parametrised over `scipy.optimize.check_grad` with the same functions and points. Whole
processes. gradverify does more for each function: it bounds its errors, searches for counterexamples beyond the points
and looks for blind spots; what that costs is what is measured. "Listed points only" is the same specs with
`search: off`; "in Python" are the same functions and gradients as code, in the test file's own words.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import Contestant, medians, print_ratios, print_seconds

POINTS = 3
SEED = 20240101
# f, ∂f/∂x, ∂f/∂y, in the syntax that Python and gradverify share.
FORMS = (
    ("{a}*x**2 + {b}*x*y + {c}*y**3", "2*{a}*x + {b}*y", "{b}*x + 3*{c}*y**2"),
    ("sin({a}*x) + {b}*cos({c}*y)", "{a}*cos({a}*x)", "-{b}*{c}*sin({c}*y)"),
    ("exp({a}*x - {b}*y**2) + {c}*x", "{a}*exp({a}*x - {b}*y**2) + {c}", "-2*{b}*y*exp({a}*x - {b}*y**2)"),
    ("log({a} + x**2 + {b}*y**2) + {c}*y", "2*x/({a} + x**2 + {b}*y**2)", "2*{b}*y/({a} + x**2 + {b}*y**2) + {c}"),
    ("({a} - x)**2 + {b}*(y - x**2)**2 + {c}", "-2*({a} - x) - 4*{b}*x*(y - x**2)", "2*{b}*(y - x**2)"),
)
PYTEST_HEAD = """\
import numpy as np
import pytest
from numpy import cos, exp, log, sin
from scipy.optimize import check_grad

CASES = []
"""
# Absolute, as check_grad is; forward differences of values of this size are off by about 1e-7.
PYTEST_TAIL = """

@pytest.mark.parametrize(("f", "g", "points"), CASES)
def test_gradient(f, g, points):
    for point in points:
        assert check_grad(f, g, np.array(point)) < 1e-5
"""
# The same with a test for each function and point.
PYTEST_TAIL_BY_POINT = """

@pytest.mark.parametrize(("f", "g", "point"), [(f, g, point) for f, g, points in CASES for point in points])
def test_gradient(f, g, point):
    assert check_grad(f, g, np.array(point)) < 1e-5
"""
CACHED = "all backends, again from the cache"
WITH_CACHE = ("-m", "gradverify", "run", "cases.yaml", "-q", "--cache-dir", "cache", "-j", "2")
PYTEST = "pytest with scipy.optimize.check_grad"
PYTEST_BY_POINT = "pytest with scipy.optimize.check_grad, a test a point"


@dataclass(frozen=True, slots=True)
class Case:
    """A function of x and y, its gradient, and points."""

    function: str
    gradient: tuple[str, str]
    points: tuple[tuple[float, float], ...]


def cases(count: int) -> Iterator[Case]:
    """The functions, the same in every run."""
    draw = random.Random(SEED)
    for number in range(count):
        a, b, c = (round(draw.uniform(0.2, 1.8), 2) for _ in range(3))
        f, by_x, by_y = (text.format(a=a, b=b, c=c) for text in FORMS[number % len(FORMS)])
        points = tuple((round(draw.uniform(-2, 2), 3), round(draw.uniform(-2, 2), 3)) for _ in range(POINTS))
        yield Case(f, (by_x, by_y), points)


def spec_file(every: list[Case], more: str = "") -> str:
    """All cases as one spec file; `more` is a further key of each."""
    documents = [
        f"name: case-{number}\nvariables: [x, y]\nfunction: {case.function}\n"
        f"gradient: [{', '.join(case.gradient)}]\npoints: {[list(point) for point in case.points]}\n{more}"
        for number, case in enumerate(every)
    ]
    return "---\n".join(documents)


def code_file(every: list[Case]) -> str:
    """All functions and gradients as one module."""
    functions = [
        f"\n\ndef f{number}(x, y):\n    return {case.function}\n\n\n"
        f"def g{number}(x, y):\n    return np.array([{', '.join(case.gradient)}])\n"
        for number, case in enumerate(every)
    ]
    return "".join(["import numpy as np\nfrom numpy import cos, exp, log, sin\n", *functions])


def code_specs(every: list[Case]) -> str:
    """The specs of that module."""
    documents = [
        f"name: case-{number}\nvariables: [x, y]\nfunction: {{python: 'code_cases.py:f{number}'}}\n"
        f"gradient: {{python: 'code_cases.py:g{number}'}}\npoints: {[list(point) for point in case.points]}\n"
        for number, case in enumerate(every)
    ]
    return "---\n".join(documents)


def pytest_file(every: list[Case], tail: str) -> str:
    """All cases as one file of tests; `tail`: the test."""
    functions = [
        f"\n\ndef f(p):\n    x, y = p\n    return {case.function}\n\n\n"
        f"def g(p):\n    x, y = p\n    return np.array([{', '.join(case.gradient)}])\n\n\n"
        f"CASES.append((f, g, {list(case.points)}))\n"
        for case in every
    ]
    return "".join([PYTEST_HEAD, *functions, tail])


def contestants() -> tuple[Contestant, ...]:
    """Finite differences alone and all backends, with one worker and with two; and pytest."""
    files = ("cases.yaml", "listed.yaml", "code.yaml")
    run, listed, code = (("-m", "gradverify", "run", file, "-q", "--no-cache") for file in files)
    alone = ("--backend", "finite-difference")
    return (
        Contestant(PYTEST, ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_cases.py")),
        Contestant(PYTEST_BY_POINT, ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_points.py")),
        Contestant("finite differences, listed points only, -j 1", (*listed, *alone, "-j", "1")),
        Contestant("finite differences, -j 1", (*run, *alone, "-j", "1")),
        Contestant("finite differences, -j 2", (*run, *alone, "-j", "2")),
        Contestant("all backends, -j 1", (*run, "-j", "1")),
        Contestant("all backends, -j 2", (*run, "-j", "2")),
        Contestant(CACHED, WITH_CACHE),
        Contestant("in Python, all backends, -j 1", (*code, "-j", "1")),
        Contestant("in Python, all backends, -j 2", (*code, "-j", "2")),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--specs", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args(arguments)
    every = list(cases(options.specs))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cases.yaml").write_text(spec_file(every), encoding="utf-8")
        (folder / "listed.yaml").write_text(spec_file(every, "search: off\n"), encoding="utf-8")
        (folder / "code_cases.py").write_text(code_file(every), encoding="utf-8")
        (folder / "code.yaml").write_text(code_specs(every), encoding="utf-8")
        (folder / "test_cases.py").write_text(pytest_file(every, PYTEST_TAIL), encoding="utf-8")
        (folder / "test_points.py").write_text(pytest_file(every, PYTEST_TAIL_BY_POINT), encoding="utf-8")
        Contestant("the cache is filled", WITH_CACHE).run(folder)
        seconds = medians(contestants(), folder, options.repetitions, warm_up=False)
    print(f"{options.specs} functions at {POINTS} points each\n")
    print_seconds(seconds)
    ours = [one.name for one in contestants()[2:]]
    pairs = [(one, pytest) for pytest in (PYTEST, PYTEST_BY_POINT) for one in ours]
    print_ratios(seconds, [*pairs, (ours[1], ours[2]), (ours[3], ours[4]), (ours[6], ours[7]), (ours[4], CACHED)])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
