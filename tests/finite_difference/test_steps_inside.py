"""Functions with steps or jumps, large or close to one another: no bound is confident in the slope across the jumps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradverify.core.arrays import Array
from gradverify.core.verdicts import Verdict
from tests.finite_difference.support import covers, slope_at
from tests.in_process import verdict_of

CASES: list[tuple[Callable[[Array], Array], float, float]] = [  # f, x, the slope between the jumps
    (lambda x: x * x + 1e6 * np.floor(x), 1e6, 2e6),
    (lambda x: x * x + 1e3 * np.floor(x), -44316.02523333055, -88632.0504666611),
    (lambda x: x * x + 1e-6 * np.floor(1e3 * x), -1.4522564734430956, -2.904512946886191),
    (lambda x: 3 * x + 1e-2 * np.floor(1e3 * x), -1839433.3418725745, 3.0),
    (lambda x: 3 * x + 1e-6 * np.floor(x), 4.0, 3.0),
    (lambda x: np.sin(x) + np.floor(x), -1818828.8931028356, -0.7745997251035606),
    (lambda x: 1e3 * np.floor(1e3 * x), 74060.21122589914, 0.0),
    (lambda x: 1e6 + np.floor(x), 5.0, 0.0),
    (lambda x: 1e6 + x + 1e-2 * np.round(x), 29624.524707632238, 1.0),
]


@pytest.mark.parametrize(("f", "x", "truth"), CASES)
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_the_slope_between_jumps_lies_within_the_bound_or_there_is_none(
    f: Callable[[Array], Array], x: float, truth: float, factor: float
) -> None:
    found = slope_at(f, x, truth * factor + (factor - 1.0) * (truth == 0))
    assert covers(found, truth) or not np.isfinite(found.error_bound).all()


@pytest.mark.parametrize(("claim", "verdict"), [("2*x", Verdict.PASS), ("3*x", Verdict.FAIL)])
def test_a_right_slope_beside_large_jumps_passes_and_a_wrong_one_fails(
    tmp_path: Path, claim: str, verdict: Verdict
) -> None:
    code = (
        f"import math\ndef f(x):\n    return 1e6 * math.floor(float(x)) + float(x)**2\ndef g(x):\n    return {claim}\n"
    )
    (tmp_path / "m.py").write_text(code)
    spec = "variables: [x]\nfunction: {python: 'm.py:f'}\ngradient: {python: 'm.py:g'}\npoints: [1.5, 2.5]\n"
    assert verdict_of(spec, tmp_path) is verdict


def test_a_claim_far_from_both_slopes_fails_still() -> None:
    found = slope_at(lambda x: x * x + 1e-6 * np.floor(1e3 * x), -1.4522564734430956, -4.3)
    value, bound = float(found.value.ravel()[0]), float(found.error_bound.ravel()[0])
    assert abs(value + 4.3) > bound + 4.3e-6
