"""Code whose claim is wrong at a closed end of its domain alone, where nobody listed a point."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import of_code

DOMAIN = "domain: {x: [0, 1]}\n"


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        ("x ** 3", "3 * x ** 2 if x < 1 else 2.0"),
        ("x ** 3", "3 * x ** 2 + (x == 0)"),
        ("np.where(x < 1, x, 1.0) * 2", "2.0 if x > 0 else 0.0"),  # it has a kink at the other end only
    ],
)
def test_a_fault_at_an_end_alone_is_found(tmp_path: Path, function: str, claim: str) -> None:
    code = f"def f(x):\n    return {function}\ndef g(x):\n    return {claim}\n"
    result = of_code(tmp_path, code, "[0.3, 0.2]", more=DOMAIN)
    assert result.verdict is Verdict.FAIL
    assert result.counterexample is not None


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        ("np.clip(x, 0, 1) * 2", "2.0 if 0 < x < 1 else 0.0"),
        ("max(x, 0) * 3", "3.0 if x > 0 else 0.0"),
        ("abs(1 - x)", "1.0 if x >= 1 else -1.0"),
        ("x if x >= 0 else 0.01 * x", "1.0 if x > 0 else 0.01"),
        ("x * (x < 1) + (x >= 1)", "1.0 * (x < 1)"),
    ],
)
def test_the_slope_beyond_an_end_is_right_where_code_has_a_kink_at_it(
    tmp_path: Path, function: str, claim: str
) -> None:
    code = f"def f(x):\n    return {function}\ndef g(x):\n    return {claim}\n"
    assert of_code(tmp_path, code, "[0.3, 0.2]", more=DOMAIN).verdict is Verdict.PASS
