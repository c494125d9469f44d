"""What stops at a tolerance in f or in the claim: small gaps are undecided and say so, larger ones are faults."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from gradverify.core.variables import Variables
from gradverify.core.verdicts import Fault, Verdict
from gradverify.functions.approximations import approximation
from gradverify.functions.callables import function_from_callable
from tests.in_process import of_code

DOMAIN = "domain: {a: [0.1, 0.9]}\n"
FIXED_POINT = """
def f(a):
    x = 1.0
    for _ in range(1000):
        new = np.exp(-a * x)
        if abs(new - x) < {tolerance}:
            break
        x = new
    return x
def g(a):
    x = f(a)
    return {claim} / (1 + a * x)
"""


@pytest.mark.parametrize(
    ("claim", "tolerance", "verdict"),
    [
        ("-x * x", "1e-6", Verdict.INCONCLUSIVE),
        ("x * x", "1e-6", Verdict.FAIL),
        ("-x * x", "1e-13", Verdict.PASS),
        ("-1.00001 * x * x", "1e-13", Verdict.FAIL),
    ],
)
def test_the_derivative_of_a_fixed_point_is_undecided_to_what_its_iteration_leaves(
    tmp_path: Path, claim: str, tolerance: str, verdict: Verdict
) -> None:
    code = FIXED_POINT.format(claim=claim, tolerance=tolerance)
    assert of_code(tmp_path, code, "[0.5, 0.7]", "[a]", DOMAIN).verdict is verdict


def test_a_wrong_sign_of_such_a_derivative_is_named(tmp_path: Path) -> None:
    found = of_code(tmp_path, FIXED_POINT.format(claim="x * x", tolerance="1e-6"), "[0.5, 0.7]", "[a]", DOMAIN)
    assert [one.fault for one in found.diagnosis] == [Fault.SIGN]


def test_a_named_solver_with_its_default_tolerance_is_the_reason(tmp_path: Path) -> None:
    found = approximation_in(tmp_path, "def f(a):\n    return solve_ivp(lambda t, y: -a * y, (0, 1), [1.0]).y[0, -1]\n")
    assert found == ("`solve_ivp`", 1e-3)


@pytest.mark.parametrize(
    ("code", "tolerance"),
    [
        ("def f(a):\n    return so.minimize(h, a, options={'gtol': 1e-7}).fun\n", 1e-7),
        (
            "TOL = 1e-5\ndef h(a):\n    while a > TOL:\n        a /= 2\n    return a\ndef f(a):\n    return h(a)\n",
            1e-5,
        ),
        ("def h(a, tol=1e-6):\n    while a > tol:\n        a /= 2\n    return a\ndef f(a):\n    return h(a)\n", 1e-6),
        ("def h(a, tol=1e-6):\n    while a > tol:\n        a /= 2\ndef f(a):\n    return h(a, 1e-9)\n", 1e-9),
        ("def h(a, *, tol):\n    while a > tol:\n        a /= 2\ndef f(a):\n    return h(a, tol=1e-7)\n", 1e-7),
        ("def f(a):\n    tol = 1e-5\n    while a > tol:\n        a /= 2\n    return a\n", 1e-5),
        ("def f(a, tol=1e-5):\n    return a if a > tol else 0.0\n", None),
        ("def f(a):\n    return minimize_scalar(h, options={'xatol': 1e-12}).fun\n", 1.5e-8),
        ("def f(a):\n    return 0.0 if abs(a) < 1e-6 else a\n", None),
        ("def f(a):\n    for x in a:\n        if x < 1e-3:\n            a = x\n    return a\n", None),
        ("def f(a):\n    return np.max(a)\n", None),
    ],
)
def test_tolerances_are_read_where_something_stops_at_them(tmp_path: Path, code: str, tolerance: float | None) -> None:
    found = approximation_in(tmp_path, code)
    assert (found and found[1]) == tolerance


def test_no_source_is_read_where_nothing_is_accused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("a source was read")

    monkeypatch.setattr("gradverify.run.asking.approximation", read)
    code = "def f(a):\n    return np.sin(a)\ndef g(a):\n    return np.cos(a)\n"
    assert of_code(tmp_path, code, "[0.5, 0.7]", "[a]", DOMAIN).verdict is Verdict.PASS


def approximation_in(folder: Path, code: str) -> tuple[str, float] | None:
    file = folder / f"{folder.name}.py"
    file.write_text("import numpy as np\n" + code)
    spec = importlib.util.spec_from_file_location(folder.name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[folder.name] = module  # where `inspect` looks for its source
    found = approximation(function_from_callable(module.f, Variables.of([("a", ())]), {}, ()))
    del sys.modules[folder.name]
    return (found.what, found.tolerance) if found else None
