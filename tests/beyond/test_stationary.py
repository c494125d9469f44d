"""Stationary points: their kind where the eigenvalues say it, how far off a point is, and no verdict beyond that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.core.eigen import Spectrum, spectrum
from gradverify.core.report import Check
from gradverify.core.stationary import Kind, judge_kind, kind_of
from gradverify.core.verdicts import Verdict
from tests.beyond.support import checks, run

XY = "variables: [x, y]\nfunction: {f}\ngradient: [{gx}, {gy}]\npoints: [[1, 2], [-0.5, 3]]\n"
SADDLE = XY.format(f="x**2 - y**2", gx="2*x", gy="-2*y")
CUBIC = XY.format(f="x**3 - 3*x + y**2", gx="3*x**2 - 3", gy="2*y")
QUARTIC = XY.format(f="x**4 + y**2", gx="4*x**3", gy="2*y")
CAMEL = XY.format(
    f="(4 - 2.1*x**2 + x**4/3)*x**2 + x*y + (4*y**2 - 4)*y**2", gx="8*x - 8.4*x**3 + 2*x**5 + y", gy="x - 8*y + 16*y**3"
)
HILL = XY.format(f="exp(-x**2 - y**2)", gx="-2*x*exp(-x**2 - y**2)", gy="-2*y*exp(-x**2 - y**2)")


def stationary(spec: str, point: str, file: str | Path = "spec.yaml") -> Check:
    (check,) = checks(run(f"{spec}stationary: [{point}]\n", file), "stationary").values()
    return check


@pytest.mark.parametrize(
    ("spec", "point"),
    [
        (CUBIC, "{at: [1, 0], kind: minimum}"),
        (CUBIC, "{at: [-1, 0], kind: saddle}"),
        (SADDLE, "{at: [0, 0], kind: saddle}"),
        (HILL, "{at: [0, 0], kind: maximum}"),
        (QUARTIC, "{at: [0, 0], kind: degenerate}"),
        (CUBIC, "{at: [1, 0]}"),
    ],
)
def test_a_stationary_point_of_its_kind_passes(spec: str, point: str) -> None:
    check = stationary(spec, point)
    assert (check.verdict, check.reason) == (Verdict.PASS, None)


@pytest.mark.parametrize("point", ["0.0898, -0.7126", "0.0898, -0.7127", "0.0898420, -0.712656", "-0.0898, 0.713"])
def test_a_point_rounded_or_cut_short_as_textbooks_do_is_stationary_to_its_digits(point: str) -> None:
    check = stationary(CAMEL, f"{{at: [{point}], kind: minimum}}")
    assert check.verdict is Verdict.PASS
    assert "to the digits that are written" in (check.reason or "")


@pytest.mark.parametrize("point", ["1.001, 0", "0.999, 0", "1.00001, 0", "0.99999, 0", "1.0004, 0.0001"])
def test_a_point_beside_one_that_needs_no_digits_is_not_stationary(point: str) -> None:
    assert stationary(CUBIC, f"{{at: [{point}]}}").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "point", ["0.0897, -0.7126", "0.0898, -0.7125", "0.09, -0.71", "0.089843, -0.712656", "0.0899, -0.7126"]
)
def test_a_point_that_is_off_by_more_than_its_last_digit_is_not_stationary(point: str) -> None:
    check = stationary(CAMEL, f"{{at: [{point}], kind: minimum}}")
    assert check.verdict is Verdict.FAIL
    assert "a Newton step" in (check.reason or "")


@pytest.mark.parametrize(
    ("spec", "point", "words"),
    [
        (SADDLE, "{at: [0, 0], kind: minimum}", "but it is a saddle: the Hessian's eigenvalues are -2, 2, each ± "),
        (SADDLE, "{at: [0, 0], kind: degenerate}", "expected a degenerate point, but it is a saddle"),
        (CUBIC, "{at: [1, 0], kind: maximum}", "expected a maximum, but it is a minimum"),
        (CUBIC, "{at: [1, 0], kind: saddle}", "expected a saddle, but it is a minimum"),
        (QUARTIC, "{at: [0, 0], kind: minimum}", "expected a minimum, but the point is degenerate"),
        (QUARTIC, "{at: [0, 0], kind: maximum}", "expected a maximum, but it is none"),
        (CUBIC, "{at: [1.1, 0], kind: minimum}", "it is not stationary: ‖∇f‖ = 0.63 ± "),
        (CUBIC, "{at: [1.1, 0], kind: minimum}", "a Newton step of length 0.0955 leads to (1.004545455, 0)"),
        (QUARTIC, "{at: [0.001, 0]}", "it is not stationary: ‖∇f‖ = 4e-09"),
    ],
)  # fmt: skip
def test_a_point_of_another_kind_fails_and_says_which_it_is(spec: str, point: str, words: str) -> None:
    check = stationary(spec, point)
    assert check.verdict is Verdict.FAIL
    assert words in (check.reason or "")


def test_a_claim_that_is_wrong_at_the_point_fails_there() -> None:
    check = stationary(SADDLE.replace("[2*x, -2*y]", "[2*x + 1, -2*y]"), "{at: [0, 0], kind: saddle}")
    assert check.verdict is Verdict.FAIL
    assert "the claimed gradient is wrong there: it is (1, 0), f's own is (0, 0)" in (check.reason or "")


def test_a_hessian_alone_is_enough_for_stationary_points() -> None:
    spec = "variables: [x]\nfunction: x**2\nhessian: [[2]]\npoints: [[1]]\n"
    assert stationary(spec, "{at: [0], kind: minimum}").verdict is Verdict.PASS


def test_a_kink_is_no_stationary_point_and_no_failure() -> None:
    spec = XY.format(f="abs(x) + y**2", gx="sign(x)", gy="2*y")
    check = stationary(spec, "{at: [0, 0], kind: minimum}")
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "f has a kink there" in (check.reason or "")


PYTHON = (
    "points: [{{sample: 1}}]\nvariables: {{w: {n}}}\n"
    'function: {{python: "{file}:f"}}\ngradient: {{python: "{file}:g"}}\n'
)


def test_a_function_that_only_differences_see_is_classified_by_the_jacobian_of_its_gradient(tmp_path: Path) -> None:
    file = tmp_path / "sums.py"
    file.write_text(
        "import math\nimport numpy as np\n"
        "def f(w): return math.fsum((i + 1)*float(v)**2 for i, v in enumerate(w))\n"
        "def g(w): return 2*np.arange(1, len(w) + 1)*w\n"
    )
    check = stationary(PYTHON.format(n=12, file=file), f"{{at: {[0.0] * 12}, kind: minimum}}", tmp_path / "s.yaml")
    assert check.verdict is Verdict.PASS
    assert check.details["eigenvalues"] == pytest.approx([2.0 * i for i in range(1, 13)])


def test_noise_is_inconclusive_never_a_verdict(tmp_path: Path) -> None:
    file = tmp_path / "noisy.py"
    file.write_text(
        "import numpy as np\n"
        "def f(w):\n    h = hash(w.tobytes()) % 1000\n    return float(w @ w) + 1e-3*h/1000\n"
        "def g(w): return 2*w\n"
    )
    check = stationary(PYTHON.format(n=2, file=file), "{at: [0, 0], kind: maximum}", tmp_path / "s.yaml")
    assert check.verdict in (Verdict.INCONCLUSIVE, Verdict.FAIL)
    check = stationary(PYTHON.format(n=2, file=file), "{at: [0, 0], kind: minimum}", tmp_path / "s.yaml")
    assert check.verdict in (Verdict.INCONCLUSIVE, Verdict.PASS)


HIMMELBLAU = (
    "variables: [x, y]\nfunction: (x**2+y-11)**2 + (x+y**2-7)**2\n"
    "gradient: [4*x*(x**2+y-11)+2*(x+y**2-7), 2*(x**2+y-11)+4*y*(x+y**2-7)]\npoints: [[1, 2]]\n"
)

# Laws.

eigenvalues = st.lists(st.floats(-10, 10).filter(lambda v: abs(v) > 1e-3), min_size=1, max_size=5)


@given(eigenvalues, st.integers(0, 99))
def test_the_kind_is_that_of_the_eigenvalues_whatever_the_axes(values: list[float], seed: int) -> None:
    n = len(values)
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    found = kind_of(spectrum(axes @ np.diag(values) @ axes.T, np.full((n, n), 1e-12)))
    expected = Kind.MINIMUM if min(values) > 0 else Kind.MAXIMUM if max(values) < 0 else Kind.SADDLE
    assert found is expected


@given(eigenvalues, st.floats(1e-6, 5), st.integers(0, 99))
def test_no_error_within_the_bound_moves_an_eigenvalue_beyond_the_error(
    values: list[float], size: float, seed: int
) -> None:
    n = len(values)
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(n, n)))
    truth = axes @ np.diag(values) @ axes.T
    bound = np.full((n, n), size)
    found = spectrum(truth + size * rng.uniform(-1, 1, size=(n, n)), bound)
    assert (np.abs(found.values - np.sort(values)) <= found.error).all()


@given(eigenvalues, st.floats(1e-6, 20), st.sampled_from(list(Kind)), st.data())
@settings(max_examples=200)
def test_a_kind_is_passed_or_failed_only_where_every_truth_within_the_error_has_it(
    values: list[float], error: float, expected: Kind, data: st.DataObject
) -> None:
    curved = Spectrum(np.sort(np.array(values)), error)
    verdict, _ = judge_kind(curved, expected, curved.largest, 1e-6)
    moved = [data.draw(st.floats(v - error, v + error)) for v in values]
    truth = kind_of(Spectrum(np.sort(np.array(moved)), 0.0))
    if expected is not Kind.DEGENERATE and truth is not Kind.DEGENERATE:
        assert verdict is not (Verdict.FAIL if truth is expected else Verdict.PASS)


@given(eigenvalues, st.lists(st.integers(-60, 60), min_size=5, max_size=5), st.integers(0, 99))
def test_no_unit_of_a_variable_hides_the_sign_of_an_eigenvalue(
    values: list[float], exponents: list[int], seed: int
) -> None:
    n = len(values)
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    tilted = axes @ np.diag(values) @ axes.T
    units = np.ldexp(1.0, np.array(exponents[:n]))
    found = kind_of(spectrum(tilted * np.outer(units, units), 1e-13 * np.outer(units, units)))
    well_scaled = kind_of(spectrum(tilted, np.full((n, n), 1e-13)))
    assert found in (well_scaled, Kind.DEGENERATE)
    if (np.abs(np.diagonal(tilted)) > 1e-2).all() or n == 1:
        assert found is well_scaled


def test_a_tiny_entry_that_is_known_exactly_tells_a_saddle() -> None:
    saddle = spectrum(np.diag([-1e-8, 1e8]), np.zeros((2, 2)))
    assert judge_kind(saddle, Kind.SADDLE, saddle.largest, 1e-6)[0] is Verdict.PASS
    assert judge_kind(saddle, Kind.MINIMUM, saddle.largest, 1e-6)[0] is Verdict.FAIL


def test_a_tiny_entry_that_is_not_known_tells_nothing() -> None:
    unknown = spectrum(np.diag([-1e-8, 1e8]), np.full((2, 2), 1e-7))
    assert kind_of(unknown) is Kind.DEGENERATE


@pytest.mark.parametrize("kind", ["minimum", "saddle"])
def test_round_off_of_a_gradient_that_is_0_contradicts_no_backend(kind: str) -> None:
    check = stationary(HIMMELBLAU, f"{{at: [3, 2], kind: {kind}}}")
    assert check.verdict is (Verdict.PASS if kind == "minimum" else Verdict.FAIL)


def test_an_absolute_tolerance_excuses_a_point_and_certifies_nothing() -> None:
    loose = "tolerance: {relative: 1e-6, absolute: 1e-2}\n"
    excused = stationary(CUBIC + loose, "{at: [1.001, 0]}")
    assert excused.verdict is Verdict.INCONCLUSIVE
    assert "excused by the absolute tolerance" in (excused.reason or "")
    assert stationary(CUBIC + loose, "{at: [1.1, 0]}").verdict is Verdict.FAIL
    assert stationary(CUBIC + loose, "{at: [1, 0]}").verdict is Verdict.PASS


def test_where_f_is_too_coarse_to_show_the_claimed_slope_a_point_is_not_called_stationary(tmp_path: Path) -> None:
    source = "from math import cos, sin\n\n\ndef f(x, y):\n    return {f}\n\n\ndef g(x, y):\n    return [{g}, 0.0]\n"
    text = (
        'variables: [x, y]\nfunction: {python: "f.py:f"}\ngradient: {python: "f.py:g"}\npoints: [[1, 2]]\n'
        "backends: [finite-difference]\n"
    )
    for name, f, g, verdict in (
        ("coarse", "1e16 + sin(x)", "cos(x)", Verdict.INCONCLUSIVE),
        ("unused", "7 + sin(0*x)", "0.0", Verdict.PASS),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "f.py").write_text(source.format(f=f, g=g))
        assert stationary(text, "{at: [1, 2]}", folder / "spec.yaml").verdict is verdict, name
