"""Constants that are counts, labels or indices reach code as integers, and no others do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradverify.core.verdicts import Verdict
from gradverify.functions.whole_numbers import as_integers, needed_as_integers
from tests.in_process import of_code, verdict_of

CODE = """
import numpy as np


def f(Z, X, y, n):
    logits = X @ Z
    logits = logits - logits.max(axis=1, keepdims=True)
    logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    total = 0.0
    for i in range(n):
        total -= logp[i, y[i]]
    return total / n


def g(Z, X, y, n):
    P = np.exp(X @ Z)
    P /= P.sum(axis=1, keepdims=True)
    R = np.zeros_like(X[:, :1]) + P
    R[np.arange(n), y] -= 1
    return X.T @ R{}
"""
SPEC = """
variables: {Z: [2, 3]}
constants: {X: [[1, 2], [0, 1], [3, -1]], y: [2, 0, 1], n: 3}
function: {python: "code.py:f"}
gradient: {python: "code.py:g"}
points: [[0.1, -0.2, 0.3, 0.5, 0.0, -0.4]]
"""


def _verdict(tmp_path: Path, ending: str) -> Verdict:
    (tmp_path / "code.py").write_text(CODE.replace("{}", ending))
    return verdict_of(SPEC, tmp_path)


def test_counts_and_labels_among_the_constants_are_taken(tmp_path: Path) -> None:
    assert _verdict(tmp_path, " / n") is Verdict.PASS


def test_a_wrong_gradient_over_labels_still_fails(tmp_path: Path) -> None:
    assert _verdict(tmp_path, "") is Verdict.FAIL


def test_a_claim_alone_that_counts_is_taken(tmp_path: Path) -> None:
    power = "def f(x, n):\n    return x**n\n\n\n"
    product = "def g(x, n):\n    p = n\n    for _ in range({}):\n        p = p*x\n    return p\n"
    right, wrong = (power + product.format(count) for count in ("n - 1", "n"))
    assert of_code(tmp_path, right, "[1.5]", more="constants: {n: 3}\n").verdict is Verdict.PASS
    assert of_code(tmp_path, wrong, "[1.5]", more="constants: {n: 3}\n").verdict is Verdict.FAIL


def test_data_of_whole_numbers_stay_floats_beside_labels() -> None:
    def works(constants: Any) -> None:
        np.ones(3)[constants["labels"]]

    held = needed_as_integers(works, {"X": np.array([[1.0, 2.0]]), "labels": np.array([0.0, 2.0])})
    assert held is not None
    assert held["labels"].dtype == np.int64
    assert held["X"].dtype == np.float64


def test_a_call_that_fails_either_way_keeps_its_floats() -> None:
    def works(constants: Any) -> None:
        raise TypeError(constants)

    assert needed_as_integers(works, {"n": np.array(3.0)}) is None


@pytest.mark.parametrize("number", [0.5, np.nan, np.inf, 1e300])
def test_what_is_no_whole_number_is_never_an_integer(number: float) -> None:
    assert as_integers(np.array([1.0, number])) is None
