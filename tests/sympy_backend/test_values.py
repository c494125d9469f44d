"""Values at points: right to the bound in spite of cancellation, and none where there is none."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from gradverify_sympy.backend import SympyBackend
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.core.estimates import Backend, DoesNotApply
from gradverify.core.problem import Derivative
from gradverify.core.verdicts import Evidence, NoteKind
from tests.sympy_backend.making import ask, make_problem

CANCELLING = [
    ("(1 - cos(x))/x**2", 1e-10, lambda x: (x * mpmath.sin(x) - 2 + 2 * mpmath.cos(x)) / x**3),
    ("(x + 1e8)**3 - x**3 - 3e8*x**2 - 3e16*x", 1e-3, lambda x: mpmath.mpf(0)),
    ("log(1 + exp(-x))", 700.0, lambda x: -mpmath.exp(-x) / (1 + mpmath.exp(-x))),
    ("log(1 + exp(x)) - x", 200.0, lambda x: -1 / (1 + mpmath.exp(x))),
    ("tanh(x)", 300.0, lambda x: mpmath.sech(x) ** 2),
    ("exp(x)*(1 + x*exp(-x)) - exp(x)", 300.0, lambda x: mpmath.mpf(1)),
    ("gammaln(x + 1) - gammaln(x)", 1e9, lambda x: 1 / x),
    ("erfc(x)", 20.0, lambda x: -2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(x**2))),
    ("sqrt(x**2 + 1) - x", 1e12, lambda x: x / mpmath.sqrt(x**2 + 1) - 1),
]


@pytest.mark.parametrize(("function", "x", "truth"), CANCELLING)
def test_values_survive_cancellation(function: str, x: float, truth: object) -> None:
    point = ask(make_problem("x", function), [x]).points[0]
    with mpmath.workdps(800):
        exact = truth(mpmath.mpf(x))  # type: ignore[operator]
        assert abs(point.value[0] - exact) <= point.error_bound[0]
        assert point.error_bound[0] <= abs(exact) * 2.0**-50 + 5e-324


def test_the_bound_covers_literals_that_floats_round() -> None:
    point = ask(make_problem("x", "cos(0.1*x)"), [1e10]).points[0]
    with mpmath.workdps(60):
        for literal in (mpmath.mpf(1) / 10, mpmath.mpf(0.1)):
            exact = -literal * mpmath.sin(literal * mpmath.mpf(1e10))
            assert abs(point.value[0] - exact) <= point.error_bound[0] * (1 + 1e-15)


def test_pi_and_e_are_larger_than_their_floats() -> None:
    with mpmath.workdps(60):
        assert mpmath.pi > math.pi
        assert mpmath.e > math.e


def test_pi_is_both_the_number_and_its_float() -> None:
    point = ask(make_problem("x", "cos(pi*x)"), [1.0]).points[0]
    assert abs(point.value[0]) + point.error_bound[0] < 1e-15
    assert abs(-math.pi * math.sin(math.pi) - point.value[0]) <= point.error_bound[0] * (1 + 1e-12)


def test_a_proof_raises_the_evidence_of_finite_points() -> None:
    estimates = ask(make_problem("x", "x**2/2", "[x**2/x]"), [1.0], [0.0])
    assert [e.evidence for e in estimates.points] == [Evidence.PROVED, Evidence.CERTIFIED]
    assert estimates.points[1].value[0] == 0.0


def test_special_functions_are_exact_rather_than_certified() -> None:
    assert ask(make_problem("x", "gammaln(x)"), [2.5]).points[0].evidence is Evidence.EXACT


@pytest.mark.parametrize(
    ("function", "x", "left", "right"),
    [("abs(x)", 0.0, -1, 1), ("relu(x - 0.1)", 0.1, 0, 1), ("norm([x])", 0.0, -1, 1), ("min([x, 2*x, 1])", 1.0, 1, 0)],
)
def test_kinks_have_both_slopes_and_no_value(function: str, x: float, left: float, right: float) -> None:
    point = ask(make_problem("x", function), [x]).points[0]
    assert math.isnan(point.value[0])
    assert point.error_bound[0] == math.inf
    (kink,) = point.kinks
    assert (kink.left, kink.right) == pytest.approx((left, right))


def test_a_tie_of_the_maximum_is_a_kink_in_both_variables() -> None:
    point = ask(make_problem("x y z", "maximum(x, y) + z"), [1.0, 1.0, 3.0]).points[0]
    assert [(k.component, k.left, k.right) for k in point.kinks] == [(0, 0, 1), (1, 0, 1)]
    assert point.value[2] == 1.0


@pytest.mark.parametrize(
    ("function", "x", "slope"),
    [
        ("relu(x)**2", 0.0, 0.0),
        ("x*abs(x)", 0.0, 0.0),
        ("where(abs(x) <= 1, x**2/2, abs(x) - 0.5)", 1.0, 1.0),
        ("where(x == 0, 1, sin(x)/x)", 0.0, 0.0),
        ("x**1.5", 0.0, 0.0),
    ],
)
def test_smooth_joints_have_a_value(function: str, x: float, slope: float) -> None:
    point = ask(make_problem("x", function), [x]).points[0]
    assert point.value[0] == slope
    assert point.error_bound[0] < 1e-60


@pytest.mark.parametrize(
    ("function", "x"),
    [("floor(x)", 2.0), ("where(x > 1, 2*x, x)", 1.0), ("where(x == 1, 9, x)", 1.0), ("sign(x)", 0.0)],
)
def test_jumps_have_no_value(function: str, x: float) -> None:
    point = ask(make_problem("x", function), [x]).points[0]
    assert math.isnan(point.value[0])
    assert point.notes[0].kind is NoteKind.JUMP


@pytest.mark.parametrize(
    ("function", "x"), [("log(x)", -1.0), ("1/x", 0.0), ("sqrt(x)", 0.0), ("sin(x)/x", 0.0), ("sqrt(x)**2", -2.0)]
)
def test_where_f_or_its_slope_is_not_finite_there_is_no_value(function: str, x: float) -> None:
    point = ask(make_problem("x", function), [x]).points[0]
    assert math.isnan(point.value[0])
    assert point.notes


def test_a_branch_not_taken_may_be_undefined() -> None:
    point = ask(make_problem("x", "where(x > 0, sqrt(x), x**2)"), [-2.0]).points[0]
    assert point.value[0] == -4.0


def test_hessians_and_jacobians_have_their_shapes() -> None:
    hessian = ask(make_problem("x y", "x**2*y + y**3", derivative=Derivative.HESSIAN), [2.0, 3.0])
    assert hessian.points[0].value.tolist() == [[6, 4], [4, 18]]
    jacobian = ask(make_problem("x y", "[x*y, x, y**2]", derivative=Derivative.JACOBIAN), [2.0, 3.0])
    assert jacobian.points[0].value.tolist() == [[3, 2], [1, 0], [0, 6]]


@pytest.mark.parametrize(
    "function", ["10**10**8*x", "gammaln(10**9)*x", "x/0", "log(0 - 1)*x", "2**(2**40)*x", "1e-999999999*x"]
)
def test_what_cannot_be_written_out_does_not_apply(function: str) -> None:
    with pytest.raises(DoesNotApply, match=r"\w+ \w+"):
        ask(make_problem("x", function), [1.0])


def test_a_huge_power_of_a_variable_is_no_problem() -> None:
    point = ask(make_problem("x", "(1 + x)**1000000000"), [1e-9]).points[0]
    assert point.value[0] == pytest.approx(1e9 * math.e, rel=1e-6)


def test_the_backend_keeps_to_the_protocol() -> None:
    backend = SympyBackend()
    assert isinstance(backend, Backend)
    assert backend.why_not(make_problem("x", "x**2")) is None
    assert backend.why_not(make_problem({"w": (61,)}, "sum(w)")) is not None


ATOMS = st.sampled_from(["x", "y", "(x + 2*y)", "(x*y - 0.7)", "1.3", "(y - x)"])
WRAPS = st.sampled_from(
    [
        "sin({})",
        "exp({}/4)",
        "tanh({})",
        "log(1+({})**2)",
        "sqrt(2+cos({}))",
        "sigmoid({})",
        "abs({})",
        "erf({})",
        "arctan({})",
        "relu({})",
        "softplus({})",
        "({})**3",
        "cbrt(1+({})**2)",
        "arcsinh({})",
    ]
)
JOINS = st.sampled_from(["({} + {})", "({} - {})", "({}*{})", "({}/(2 + ({})**2))", "maximum({}, {})", "hypot({}, {})"])


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0:
        return draw(ATOMS)
    if draw(st.booleans()):
        return draw(WRAPS).format(draw(expressions(depth - 1)))
    left, right = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    join = draw(JOINS)
    return join.format(left, right)


@given(expressions(), st.floats(0.3, 2.0), st.floats(-2.0, -0.3))
@settings(max_examples=40, deadline=None, database=None)
def test_values_agree_with_differences_of_f(function: str, x: float, y: float) -> None:
    """f in double precision, differenced: a crude but independent judge."""
    problem = make_problem("x y", function)
    point = ask(problem, [x, y]).points[0]
    h = 1e-5
    for j in range(2):
        if not np.isfinite(point.value[j]):
            continue
        steps = np.array([[x, y]] * 4)
        steps[:, j] += np.array([-2, -1, 1, 2]) * h
        a, b, c, d = problem.function.evaluate(steps).values
        middle = problem.function.evaluate(np.array([[x, y]])).values[0]
        if abs((d - 2 * middle + a) - 4 * (c - 2 * middle + b)) > 1e-7 * (1 + abs(middle)):
            continue  # a kink within the steps
        slope = (8 * (c - b) - (d - a)) / (12 * h)
        assert point.value[j] == pytest.approx(slope, rel=1e-4, abs=1e-5 * (1 + abs(middle)))
