"""One spec's code leaves no trace in the verdicts of the specs after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import expression_spec, gradverify, read_report, write_specs

INNOCENT = """
import os
import signal
import warnings

import numpy as np


def f(x):
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    with open(os.devnull), open(os.devnull):
        os.fstat(0)
    if signal.alarm(0) or os.umask(0o22) == 0o777 or signal.getsignal(signal.SIGUSR1) is print:
        raise RuntimeError("somebody was here")
    return float(os.environ.get("SCALE", "1")) * np.sum(np.asarray(x) ** 2)
"""


@pytest.mark.parametrize(
    "line",
    [
        "os.environ['SCALE'] = '2'",
        "warnings.simplefilter('error')",
        "np.sum = lambda a: 2 * a",
        "np.asarray = abs",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))",
        "os.closerange(0, 100)",
        "signal.alarm(1000)",
        "signal.signal(signal.SIGUSR1, print)",
        "os.umask(0o777)",
    ],
)
def test_a_neighbour_that_changes_the_process_changes_no_verdict(tmp_path: Path, line: str) -> None:
    (tmp_path / "innocent.py").write_text(INNOCENT)
    imports = "import os\nimport resource\nimport signal\nimport warnings\n\nimport numpy as np\n\n\n"
    (tmp_path / "neighbour.py").write_text(f"{imports}def f(x):\n    {line}\n    return x**2\n")
    documents = [expression_spec(name, function={"python": f"{name}.py:f"}) for name in ("neighbour", "innocent")]
    write_specs(tmp_path / "s.yaml", *documents)
    gradverify("run", "s.yaml", "-j", "1", "--no-cache", "--report", "json:r.json", cwd=tmp_path)
    assert read_report(tmp_path / "r.json")["specs"][1]["verdict"] == "pass"
