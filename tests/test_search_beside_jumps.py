"""Code with jumps is searched too: where a trace is not followed everywhere, and where whole numbers decide nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import verdict_of

OFFSET = "return (1e8 if x < 5 else 2e8) + math.sin(float(x))"
STEPS = "return int(float(x)) * 10 + float(x) ** 3"


@pytest.mark.parametrize(
    ("f", "right", "wrong"),
    [
        (OFFSET, "np.cos(x)", "np.cos(x) if x < 5 else -np.cos(x)"),
        (STEPS, "3 * x**2", "3 * x**2 if x < 2 else 3 * x"),
    ],
)
def test_a_branch_beyond_the_listed_points_is_found_beside_jumps(
    tmp_path: Path, f: str, right: str, wrong: str
) -> None:
    for claim, verdict in ((right, Verdict.PASS), (wrong, Verdict.FAIL)):
        name = f"{verdict.value}.py"
        code = f"import math\nimport numpy as np\ndef f(x):\n    {f}\ndef g(x):\n    return {claim}\n"
        (tmp_path / name).write_text(code)
        spec = f"variables: [x]\nfunction: {{python: '{name}:f'}}\ngradient: {{python: '{name}:g'}}\n"
        assert verdict_of(spec + "points: [0.7, 1.6]\n", tmp_path) is verdict
