"""SymPy takes longer to import than most specs take to check: it is imported for what only SymPy can decide."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLAIN = "variables: [x, y]\nfunction: x**2 + sin(x*y)\ngradient: [2*x + y*cos(x*y), x*cos(x*y)]\npoints: [[1, 0.5]]\n"
KINKED = "variables: [x]\nfunction: abs(x)\ngradient: [sign(x)]\npoints: [[0], [2]]\n"
WRONG = "variables: [x]\nfunction: x**2\ngradient: [3*x]\npoints: [[2]]\n"
# What a worker does, in this process.
RUN = """
import sys
from pathlib import Path
from gradverify.plugins import load_plugins
from gradverify.run.settings import VerifySettings
from gradverify.run.single import run_spec
from gradverify.spec.load import load_specs

(spec,) = load_specs([Path("one.yaml")]).specs
result = run_spec(spec, load_plugins(), VerifySettings(backends={}))
print(result.verdict.value, "sympy" in sys.modules)
"""
VALIDATE = """
import sys
from gradverify.cli.main import main

try:
    main(["validate", "one.yaml"])
except SystemExit as end:
    print("pass" if not end.code else "fail", "sympy" in sys.modules)
"""


def outcome(folder: Path, spec: str, code: str) -> str:
    """The verdict, and whether SymPy was imported."""
    (folder / "one.yaml").write_text(spec)
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return process.stdout.splitlines()[-1]


@pytest.mark.parametrize(("spec", "told"), [(KINKED, "pass True"), (WRONG, "fail True"), (PLAIN, "pass False")])
def test_sympy_is_imported_for_kinks_and_wrong_claims_and_not_for_plain_ones(
    spec: str, told: str, tmp_path: Path
) -> None:
    assert outcome(tmp_path, spec, RUN.format(None)) == told


def test_no_other_backend_imports_sympy(tmp_path: Path) -> None:
    assert outcome(tmp_path, KINKED, RUN.format(("finite-difference", "autodiff"))) == "pass False"


def test_validating_imports_no_sympy(tmp_path: Path) -> None:
    assert outcome(tmp_path, KINKED, VALIDATE) == "pass False"
