from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["parse", "nodes", "text", "guards", "errors", "analytic", "build", "program"])
def test_working_with_trees_needs_no_numpy(module: str) -> None:
    code = f"import sys, gradverify.expression.{module}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
