"""Maxima over many tied entries: which claims are subgradients there, though random points seldom find their vertex."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import verdict_of

CODE = """
import numpy as np

UPSTREAM = np.array([[1.0, -2.0], [0.5, 3.0]])


def pooled(x):
    return np.sum(UPSTREAM * x.reshape(2, 2, 2, 2).max(axis=(1, 3)))


def to_one(x, corner=0):
    grad = np.zeros_like(x)
    for i in range(2):
        for j in range(2):
            window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            a, b = np.unravel_index(window.argmax(), (2, 2))
            grad[2 * i + a, 2 * j + b] = UPSTREAM[i, j]
    return grad


def to_all(x):
    largest = np.kron(x.reshape(2, 2, 2, 2).max(axis=(1, 3)), np.ones((2, 2)))
    return np.kron(UPSTREAM, np.ones((2, 2))) * (x == largest)


def to_equal_parts(x):
    return to_all(x) / 4 if np.ptp(x) == 0 else to_one(x)


def largest(x):
    return x.max()


def largest_in_order(x):
    return np.sort(x)[-1]


def largest_of_a_loop(x):
    best = -np.inf
    for value in x:
        if value > best:
            best = value
    return best


def largest_size(x):
    return np.abs(x).max()


def first(x):
    return np.eye(x.size)[x.argmax()]


def last(x):
    return np.eye(x.size)[np.flatnonzero(x == x.max())[-1]]


def equally(x):
    tied = np.abs(x) == np.abs(x).max()
    return np.where(x < 0, -1.0, 1.0) * tied / tied.sum()


def every(x):
    return (x == x.max()).astype(float)


def widest(x):
    return (np.arange(1, 41) * np.abs(x)).max()


def at_the_last(x):
    k = np.argmax(np.arange(1, 41) * np.abs(x))
    return np.eye(40)[39] * 40 if not x.any() else np.eye(40)[k] * (k + 1) * np.sign(x)
"""

POOLED = "variables: {x: [4, 4]}\npoints: [{x: [[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]]}]"
FORTY = f"variables: {{x: 40}}\npoints: [{[0] * 40}]"


@pytest.mark.parametrize(
    ("question", "function", "claim", "verdict"),
    [
        (POOLED, "pooled", "to_one", Verdict.PASS),
        (POOLED, "pooled", "to_equal_parts", Verdict.PASS),
        (POOLED, "pooled", "to_all", Verdict.FAIL),
        (FORTY, "largest", "first", Verdict.PASS),
        (FORTY, "largest", "every", Verdict.FAIL),
        (FORTY, "largest_in_order", "last", Verdict.PASS),
        (FORTY, "largest_in_order", "every", Verdict.FAIL),
        (FORTY, "largest_of_a_loop", "last", Verdict.PASS),
        (FORTY, "largest_size", "equally", Verdict.PASS),
        (FORTY, "largest_size", "every", Verdict.FAIL),
        (FORTY, "widest", "at_the_last", Verdict.PASS),
    ],
)
def test_where_all_entries_are_tied_one_of_them_may_have_the_gradient_and_not_all(
    question: str, function: str, claim: str, verdict: Verdict, tmp_path: Path
) -> None:
    (tmp_path / "layers.py").write_text(CODE)
    text = f'{question}\nfunction: {{python: "layers.py:{function}"}}\ngradient: {{python: "layers.py:{claim}"}}\n'
    assert verdict_of(text, tmp_path) is verdict
