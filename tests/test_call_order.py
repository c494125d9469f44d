"""Claims that answer with what the function's last call has left, as a backward pass does that is called on its own."""

from __future__ import annotations

from pathlib import Path

from gradverify.core.verdicts import Fault, Verdict
from tests.in_process import result_of

CODE = """
import numpy as np


class Layer:
    def __init__(self):
        self.x = None
        self.known = None

    def forward(self, x):
        self.x = x.copy()
        self.y = np.tanh(x)
        return np.sum(self.y)

    def backward_of_the_last(self, x):
        return 1 - self.y**2

    def backward(self, x):
        if self.x is None or not np.array_equal(x, self.x):
            self.forward(x)
        return 1 - self.y**2


layer = Layer()
"""


def spec(claim: str, points: str) -> str:
    return f"""
variables: {{x: 2}}
function: {{python: "layer.py:layer.forward"}}
gradient: {{python: "layer.py:layer.{claim}"}}
points: {points}
"""


def test_a_claim_that_needs_the_functions_last_call_at_its_point_fails_at_one_point_too(tmp_path: Path) -> None:
    (tmp_path / "layer.py").write_text(CODE)
    result = result_of(spec("backward_of_the_last", "[[0.3, -0.2]]"), tmp_path)
    assert result.verdict is Verdict.FAIL
    assert [d.fault for d in result.diagnosis] == [Fault.NONDETERMINISTIC]
    assert "what the function's last call has left" in result.diagnosis[0].message


def test_a_claim_that_keeps_the_last_call_and_checks_its_point_passes(tmp_path: Path) -> None:
    (tmp_path / "layer.py").write_text(CODE)
    assert result_of(spec("backward", "[[0.3, -0.2]]"), tmp_path).verdict is Verdict.PASS
