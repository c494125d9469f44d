"""Answers that were looked up are found however the table is written; wrong formulas that were lucky are not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gradverify.grading.bench import Bench
from gradverify.grading.model import FlagKind
from gradverify.grading.source.text import Text
from gradverify.grading.tables import pairs_in
from tests.grading.support import bench_in
from tests.grading.test_traced import HEAD, graded, kinds

CUBIC = """\
name: bowl
variables: [x]
function: x**3 - x
gradient: 3*x**2 - 1
points: [[1], [2], [-3]]
domain: {x: [-5, 5]}
"""
ZEROS = """\
name: bowl
variables: [x, y]
function: x**2 + 3*x*y + sin(y)
gradient: [2*x + 3*y, 3*x + cos(y)]
points: [[1, 0], [0, 2], [0, 0]]
domain: {x: [-3, 3], y: [-3, 3]}
"""
EVEN = CUBIC.replace("[[1], [2], [-3]]", "[[1], [-1]]")
PLAIN = ZEROS.replace("[[1, 0], [0, 2], [0, 0]]", "[[1.5, 2.25], [-0.75, 0.5]]")
LOOKED_UP = {
    "comparisons": (CUBIC, "def grad(x):\n if x == 1: return 2\n if x == 2: return 11\n if x == -3: return 26\n"),
    "comparisons within a little": (
        CUBIC, "def grad(x):\n for p, g in ((1, 2), (2, 11), (-3, 26)):\n  if abs(x - p) < 1e-6: return g\n return 0\n",
    ),
    "allclose": (
        PLAIN,
        "A = [[9.75, 3.8718263772069746], [0.0, -1.3724174381096274]]\ndef grad(x, y):\n"
        " if np.allclose([x, y], [1.5, 2.25]): return A[0]\n if np.allclose([x, y], [-0.75, 0.5]): return A[1]\n"
        " return [0, 0]\n",
    ),
    "a rounded key": (
        PLAIN,
        "T = {1.5: [9.75, 4.5 + np.cos(2.25)], -0.75: [0.0, np.cos(0.5) - 2.25]}\ndef grad(x, y):\n"
        " return T.get(round(x, 3), [0, 0])\n",
    ),
    "points with zeros": (
        ZEROS,
        "def grad(x, y):\n if x == 1 and y == 0: return [2, 4]\n if x == 0 and y == 2: return [6, np.cos(2)]\n"
        " if x == 0 and y == 0: return [0, 1]\n return [0, 0]\n",
    ),
    "a table that is interpolated": (CUBIC, "def grad(x):\n return np.interp(x, [-3, 1, 2], [26, 2, 11])\n"),
}  # fmt: skip
LUCKY = {
    "a wrong formula that meets the right one": (EVEN, "def grad(x):\n return 2 * x * x\n"),
    "a wrong constant": (EVEN, "def grad(x):\n return 2 + 0 * x\n"),
    "a case of its own": (
        CUBIC, "def grad(x):\n if x == 0: return -1.0\n return 3 * x**2 - 1 + (x - 1) * (x - 2) * (x + 3)\n",
    ),
    "wrong beyond a border": (
        PLAIN, "def grad(x, y):\n s = -1 if y > 2.5 else 1\n return [2 * x + 3 * y, 3 * x + s * np.cos(y)]\n",
    ),
    "the points named in a test of its own": (
        EVEN, "assert 3 * 1**2 - 1 == 2\nPOINTS, ANSWERS = [1, -1], [2, 2]\ndef grad(x):\n return 2 * x * x\n",
    ),
}  # fmt: skip


def bench_of(spec: str, folder: Path, hidden: bool) -> Bench:
    bench = bench_in(folder, spec)
    return bench if hidden else dataclasses.replace(bench, question=dataclasses.replace(bench.question, hidden=None))


@pytest.mark.parametrize("hidden", [True, False], ids=["hidden points", "no hidden points"])
@pytest.mark.parametrize(("spec", "text"), LOOKED_UP.values(), ids=LOOKED_UP)
def test_answers_that_were_looked_up_are_found(spec: str, text: str, hidden: bool, tmp_path: Path) -> None:
    result = graded(bench_of(spec, tmp_path, hidden), HEAD + text)
    assert kinds(result) == {FlagKind.HARD_CODED}, result.staff


@pytest.mark.parametrize("hidden", [True, False], ids=["hidden points", "no hidden points"])
@pytest.mark.parametrize(("spec", "text"), LUCKY.values(), ids=LUCKY)
def test_whoever_was_lucky_at_the_points_is_accused_of_nothing(
    spec: str, text: str, hidden: bool, tmp_path: Path
) -> None:
    result = graded(bench_of(spec, tmp_path, hidden), HEAD + text)
    assert kinds(result) == set(), result.staff


def test_a_table_is_told_with_its_lines(tmp_path: Path) -> None:
    result = graded(bench_of(CUBIC, tmp_path, hidden=True), HEAD + LOOKED_UP["a table that is interpolated"][1])
    assert "its text holds the answers at all 3 visible points beside the points' own numbers (line 9 of hw.py)" in (
        result.flags[0].evidence
    )


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("if x == -1.5:\n    g = [2, -3]\n", ((-1.5,), (2.0, -3.0))),
        ("g = 2.0 if abs(x - 1.5) < 1e-9 else 0\n", ((1.5,), (2.0,))),
        ("T = {(1, 2): np.array([3.0, 4])}\n", ((1.0, 2.0), (3.0, 4.0))),
        ("def g(x):\n    match x:\n        case 1.5:\n            return 3\n", ((1.5,), (3.0,))),
    ],
)
def test_pairs_are_read_from_every_kind_of_table(text: str, pair: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
    assert pair in [(p.asked, p.answer) for p in pairs_in(Text({"hw.py": text}))]
