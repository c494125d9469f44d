"""One spec's code leaves no trace in the verdicts of the specs after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import expression_spec, gradverify, read_report, write_specs

INNOCENT = """
import os
import warnings

import numpy as np


def f(x):
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    return float(os.environ.get("SCALE", "1")) * np.sum(np.asarray(x) ** 2)
"""


@pytest.mark.parametrize(
    "line",
    ["os.environ['SCALE'] = '2'", "warnings.simplefilter('error')", "np.sum = lambda a: 2 * a", "np.asarray = abs"],
)
def test_a_neighbour_that_changes_the_process_changes_no_verdict(tmp_path: Path, line: str) -> None:
    (tmp_path / "innocent.py").write_text(INNOCENT)
    (tmp_path / "neighbour.py").write_text(
        f"import os\nimport warnings\n\nimport numpy as np\n\n\ndef f(x):\n    {line}\n    return x**2\n"
    )
    documents = [expression_spec(name, function={"python": f"{name}.py:f"}) for name in ("neighbour", "innocent")]
    write_specs(tmp_path / "s.yaml", *documents)
    gradverify("run", "s.yaml", "-j", "1", "--no-cache", "--report", "json:r.json", cwd=tmp_path)
    assert read_report(tmp_path / "r.json")["specs"][1]["verdict"] == "pass"
