"""Exact forms: what they prove is so, what is not so they do not prove, and values lie within their bounds."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from gradverify_sympy.balls import BITS, PLAIN_ANGLE, UNIT, Place, Unclear, cosine_and_sine
from gradverify_sympy.forms import ONE, Algebra, Beyond, Sign, Terms, add, scaled, subtract
from gradverify_sympy.quick import estimate_quickly
from gradverify_sympy.reading import Reader
from gradverify_sympy.work import estimate as general_road
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gradverify.core.estimates import DoesNotApply
from gradverify.core.problem import Derivative, Problem, Request
from gradverify.core.verdicts import Evidence
from gradverify.expression.evaluate import Arithmetic, evaluate_tree
from gradverify.expression.parse import parse_expression
from tests.sympy_backend.making import make_problem

DIGITS = 50


def answer(problem: Problem, *points: tuple[float, ...]) -> Any:
    matrix = np.array(points or [(0.75,) * problem.variables.size], dtype=np.float64)
    claimed = None
    if problem.claim is not None:
        claimed = problem.claim.evaluate(matrix).values.reshape((len(matrix), *problem.shape))
    return estimate_quickly(problem, Request(matrix, claimed))


def is_proved(names: Any, function: str, claim: str, **more: Any) -> bool:
    found = answer(make_problem(names, function, claim, **more))
    return found is not None and found.proof is not None and bool(found.proof.identical)


PROVED = [
    ("x y z", "x**2 + 3*x*y - z**2 + 2*z", "[2*x + 3*y, 3*x, -2*z + 2]"),
    ("x y", "(1.3 - x)**2 + 0.7*(y - x**2)**2", "[-2*(1.3 - x) - 4*0.7*x*(y - x**2), 1.4*(y - x**2)]"),
    ("x y", "log(0.3 + x**2 + y**2)", "[2*x/(0.3 + x**2 + y**2), 2*y/(0.3 + x*x + y*y)]"),
    ("x", "sin(x)**3", "[3*cos(x) - 3*cos(x)**3]"),
    ("x", "tan(x)", "[1 + tan(x)**2]"),
    ("x", "1/tan(x)", "[-1/sin(x)**2]"),
    ("x", "sinh(x)/cosh(x)", "[1/cosh(x)**2]"),
    ("x", "tanh(x)", "[(1 - tanh(x))*(1 + tanh(x))]"),
    ("x", "tanh(2*x - 1)", "[2/cosh(1 - 2*x)**2]"),
    ("x", "sigmoid(x)", "[exp(x)/(1 + exp(x))**2]"),
    ("x", "log(sigmoid(x))", "[sigmoid(-x)]"),
    ("x", "softplus(x)", "[sigmoid(x)]"),
    ("x", "log(x**2)", "[2/x]"),
    ("x", "x**x", "[x**x*(1 + log(x))]"),
    ("x", "x**0.3", "[0.3*x**-0.7]"),
    ("x", "x**2.5", "[2.5*x*sqrt(x)]"),
    ("x", "log10(x)", "[1/(x*log(10))]"),
    ("x", "log(x + sqrt(x**2 + 1))", "[1/sqrt(x**2 + 1)]"),
    ("x", "arctan(1/x)", "[-1/(1 + x**2)]"),
    ("x", "exp2(x)", "[log(2)*2**x]"),
    ("x", "e**x", "[exp(x)]"),
    ("x", "exp(-(x - 1)**2/2)", "[(1 - x)*exp(-x**2/2 + x - 1/2)]"),
    ("x", "sqrt(8*x)", "[sqrt(2)/sqrt(x)]"),
    ("x", "log(exp(x**2))", "[2*x]"),
    ("x y", "sqrt(x**2 + y**2)**3", "[3*x*hypot(x, y), 3*y*norm([x, y])]"),
    ("x y", "logaddexp(x, y)", "[1/(1 + exp(y - x)), 1/(1 + exp(x - y))]"),
    ("x y", "x/(x + y) - 1/(x*y)", "[y/(x + y)**2 + 1/(x**2*y), -x/(x + y)**2 + 1/(x*y**2)]"),
    ({"w": (3,)}, "logsumexp(w)", "softmax(w)"),
    ({"w": (3,)}, "norm(w)", "w/norm(w)"),
    ({"w": (3,)}, "softmax(w) @ [1, 2, 3]", "softmax(w)*([1, 2, 3] - softmax(w) @ [1, 2, 3])"),
    ({"W": (2, 2)}, "sum((W @ [1, 2])**2)", "outer(2*(W @ [1, 2]), [1, 2])"),
]

BRANCHES = [
    ("x", "abs(x)**3", "[3*x*abs(x)]"),
    ("x", "abs(x - 2)", "[sign(x - 2)]"),
    ("x", "relu(x)**2", "[2*relu(x)]"),
    ("x", "relu(x)", "[where(x > 0, 1, 0)]"),
    ("x", "relu(x)", "[where(x >= 0, 1, 0)]"),
    ("x", "relu(x)", "[1 if not x < 0 else 0]"),
    ("x y", "maximum(x, y)**2", "[where(x >= y, 2*x, 0), where(y > x, 2*y, 0)]"),
    ("x", "exp(-abs(x))", "[-sign(x)*exp(-abs(x))]"),
    ("x y", "where((x > 0) & (y > 0), x*y, 0)", "[y if x > 0 and y > 0 else 0, where((x <= 0) | (y <= 0), 0, x)]"),
    ({"w": (3,)}, "sum(relu(w - 1)**2)", "2*relu(w - 1)"),
]
PROVED += BRANCHES


@pytest.mark.parametrize(("names", "function", "claim"), PROVED)
def test_a_right_claim_is_proved_by_forms(names: Any, function: str, claim: str) -> None:
    problem = make_problem(names, function, claim)
    point = tuple(0.7 + 0.27 * i for i in range(problem.variables.size))
    found = answer(problem, point)
    assert found is not None
    assert found.proof.identical is True
    assert found.points[0].evidence is Evidence.PROVED


@pytest.mark.parametrize(("names", "function", "claim"), PROVED)
def test_the_same_claim_off_by_a_little_is_left_to_sympy(names: Any, function: str, claim: str) -> None:
    assert not is_proved(names, function, f"({claim})*(1 + 2**-40)")


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        ("sqrt(x**2)*x", "[2*x]"),  # holds for x > 0 only
        ("x**2", "[2*sqrt(x**2)]"),
        ("x**2", "[2*sqrt(x)**2]"),  # has no value for x < 0
        ("x**2", "[2*exp(log(x))]"),
        ("x**2/2", "[x**2/x]"),  # has none at 0, which is noted
        ("x**3", "[3*x**4/(x*x)]"),
        ("x**3/3 + x/3", "[x**2 + 0.3333333333333]"),
        ("sin(x)", "[sqrt(1 - sin(x)**2)]"),
        ("log(x**2)/2", "[1/sqrt(x**2)]"),
        ("x**2", "[2*x + sin(pi)]"),  # whose float is not 0
        ("x**2", "[where(x == 2, 100, 2*x)]"),  # wrong at one place
        ("relu(x)", "[where(x == 0, 0.5, where(x > 0, 1, 0))]"),  # a mean of both sides
        ("relu(x)", "[1]"),
        ("abs(x)", "[x/sqrt(x**2)]"),
        ("x*abs(x)", "[2*x]"),
        ("where(x > 0, x**1.5, x**2)", "[where(x > 0, 1.5*sqrt(x), 2*sqrt(x)**2)]"),  # NaN for x < 0
        ("where(x > 1, log(x), x**2)", "[where(x > 1, 1/x, 2*x**2/x)]"),  # NaN at 0
        ("where(sqrt(x) > 1, x**2, x)", "[where(sqrt(x) <= 1, 1, 2*x)]"),  # comparisons with NaN are false
    ],
)
def test_what_does_not_hold_everywhere_is_left_to_sympy(function: str, claim: str) -> None:
    assert not is_proved("x", function, claim)


@pytest.mark.parametrize(
    ("function", "claim"), [("sqrt(x**2)*x", "[2*x]"), ("x**2", "[2*sqrt(x)**2]"), ("x**2/2", "[x**2/x]")]
)
def test_what_holds_on_the_domain_is_proved_there(function: str, claim: str) -> None:
    assert is_proved("x", function, claim, intervals={0: (0, np.inf)})


@pytest.mark.parametrize(
    ("names", "function", "claim"),
    [
        ({"v": (2,)}, "(1/v)[0]", "[-1/v[0]**2, v[1]/v[1] - 1]"),
        ({"W": (2, 2)}, "trace(1/W)", "[[-1/W[0, 0]**2, W[0, 1]/W[0, 1] - 1], [0, -1/W[1, 1]**2]]"),
        ("x y", "x + sqrt(y)**0", "[1, 0*sqrt(y)]"),
        ("x y", "x + 1**sqrt(y)", "[1, 0*sqrt(y)]"),
    ],
)
def test_what_f_computes_and_does_not_need_is_not_granted_to_the_claim(names: Any, function: str, claim: str) -> None:
    assert not is_proved(names, function, claim)


def test_a_part_of_what_is_computed_can_be_proved_by_what_the_claim_itself_shows() -> None:
    assert is_proved({"w": (2,)}, "softmax(w)[0]", "[softmax(w)[0]*(1 - softmax(w)[0]), -softmax(w)[0]*softmax(w)[1]]")


def test_the_signs_on_a_domain_say_nothing_of_points_outside_it() -> None:
    problem = make_problem("x", "sqrt(x**2)", "[1]", intervals={0: (0, np.inf)})
    assert answer(problem, (2.0,)) is not None
    assert answer(problem, (-2.0,)) is None


@pytest.mark.parametrize("right", [True, False])
def test_hessians_and_jacobians_are_proved_in_their_layout(right: bool) -> None:
    hessian = "[[2*y, 2*x], [2*x, -sin(y)]]" if right else "[[2*y, 2*x], [2*y, -sin(y)]]"
    assert is_proved("x y", "x**2*y + sin(y)", hessian, derivative=Derivative.HESSIAN) is right
    jacobian = "[[y, x], [1, cos(y)]]" if right else "[[y, 1], [x, cos(y)]]"
    assert is_proved("x y", "[x*y, x + sin(y)]", jacobian, derivative=Derivative.JACOBIAN) is right


@pytest.mark.parametrize(
    ("function", "point"),
    [
        ("sqrt(x)", -1.0),
        ("sqrt(x)**2", -1.0),
        ("sqrt(x)", 0.0),
        ("1/x", 0.0),
        ("sin(x)/x", 0.0),
        ("log(x)", 0.0),
        ("exp(x)*exp(-x)*x", 1000.0),  # inf · 0 as NumPy computes it
        ("cos(0.1*x)", 1e20),  # the literal's rounding turns the angle by a radian
        ("(x - 0.1)**2", 0.1),  # between 0.1 and its float
        ("abs(x)", 0.0),
        ("where(x > 1, x + 1, x)", 1.0),  # jumps, which its derivative does not show
        ("relu(x - 0.1)", 0.1),  # between 0.1 and its float
        ("floor(x)", 1.5),
        ("arctan2(x, 2)", 1.0),
    ],
)
def test_a_point_that_is_not_plain_is_left_to_sympy(function: str, point: float) -> None:
    assert answer(make_problem("x", function), (point,)) is None


def test_a_component_that_its_literals_leave_few_digits_of_keeps_them() -> None:
    """0.3·x with x just below 1/0.3·0.1: the literals leave ten digits of the difference."""
    found = answer(make_problem("x", "0.3*x**2/2 - 0.1*x"), (0.33333,))
    assert abs(found.points[0].value[0]) < 2e-6
    assert found.points[0].error_bound[0] < 1e-16
    assert found.points[0].error_bound[0] > 1e-18


def test_without_a_claim_values_are_certified_and_nothing_is_proved() -> None:
    found = answer(make_problem("x y", "x**2*y"), (3.0, 0.5))
    assert found.proof is None
    assert found.points[0].evidence is Evidence.CERTIFIED
    assert found.points[0].value.tolist() == [3.0, 9.0]
    assert found.points[0].error_bound.tolist() == [0.0, 0.0]


def test_a_formula_without_end_is_given_up() -> None:
    many = "*".join(f"(x + {i}*y + {i}**2)**9" for i in range(1, 30))
    assert answer(make_problem("x y", many, f"[({many})*x, y]"), (0.5, 0.25)) is None


def test_values_at_very_many_points_end_when_time_is_up() -> None:
    problem = make_problem("x", "x**2", "[2*x]", seconds=1e-9)
    with pytest.raises(DoesNotApply, match="longer than the time allowed"):
        answer(problem, (1.0,))


# Laws, for random formulas.

ATOMS = st.sampled_from(["x", "y", "(x + 2*y)", "(x*y - 0.7)", "1.3", "(y - x)", "pi", "3"])
WRAPS = st.sampled_from(
    [
        "sin({})",
        "cos(-({}))",
        "exp(({})/4)",
        "tanh({})",
        "log(1+({})**2)",
        "sqrt(2+cos({}))",
        "sigmoid({})",
        "arctan({})",
        "softplus({})",
        "({})**3",
        "(1+({})**2)**-1.5",
        "(2 + sin({}))**0.3",
        "cosh(({})/5)",
    ]
)
JOINS = st.sampled_from(["({0} + {1})", "({0} - {1})", "({0})*({1})", "({0})/(2 + ({1})**2)", "hypot({0}, 1 + {1}**2)"])


@st.composite
def formulas(draw: st.DrawFn, depth: int = 2) -> str:
    if depth == 0:
        return draw(ATOMS)
    if draw(st.booleans()):
        return draw(WRAPS).format(draw(formulas(depth - 1)))
    return draw(JOINS).format(draw(formulas(depth - 1)), draw(formulas(depth - 1)))


# Ways to write the same, and one that is not the same.
REWRITINGS = [
    ("({0})", "0 + ({0})"),
    ("({0})**2", "({0})*({0})"),
    ("(1 - ({0}))*(1 + ({0}))", "1 - ({0})**2"),
    ("sin({0})**2", "1 - cos({0})**2"),
    ("tanh({0})", "2*sigmoid(2*({0})) - 1"),
    ("exp(2*({0})/3)", "exp(({0})/3)**2"),
    ("1/(1 + exp(-({0})))", "exp({0})/(1 + exp({0}))"),
    ("sqrt(1 + ({0})**2)**3", "(1 + ({0})**2)*sqrt(({0})**2 + 1)"),
    ("log(exp({0}))", "({0})"),
    ("({0})/(1 + ({0})**2)", "1/(1 + ({0})**2)*({0})"),
    ("1/(1 + ({0})**2) - 1", "-({0})**2/(1 + ({0})**2)"),
    ("sinh({0})/cosh({0})", "tanh({0})"),
    ("softplus(-({0}))", "softplus({0}) - ({0})"),  # true, and beyond these forms
    ("sin({0})", "sin(({0}) + 1)"),
    ("sqrt(({0})**2)", "({0})"),
    ("cos({0})", "sqrt(1 - sin({0})**2)"),
    ("exp({0})", "1 + ({0}) + ({0})**2/2"),
    ("({0})", "({0})*(1 + 2**-50)"),
]


def _mp(value: Any) -> Any:
    array = np.empty(1, dtype=object)
    array[0] = value
    return array


def mpmath_arithmetic() -> Arithmetic:
    """mpmath's numbers in its working precision, as an independent way to evaluate the language."""
    mp = mpmath.mp
    unary: Mapping[str, Any] = {
        "negative": operator.neg,
        "exp": mp.exp,
        "log": mp.log,
        "sqrt": mp.sqrt,
        "sin": mp.sin,
        "cos": mp.cos,
        "arctan": mp.atan,
        "tanh": mp.tanh,
        "cosh": mp.cosh,
        "sinh": mp.sinh,
        "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
        "softplus": lambda a: mp.log(1 + mp.exp(a)),
    }
    binary: Mapping[str, Any] = {
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "divide": operator.truediv,
        "power": operator.pow,
        "hypot": mp.hypot,
    }
    return Arithmetic(
        functions={name: np.frompyfunc(rule, 1, 1) for name, rule in unary.items()}
        | {name: np.frompyfunc(rule, 2, 1) for name, rule in binary.items()},
        number=lambda n: _mp(mp.mpf(Fraction(n.text).numerator) / Fraction(n.text).denominator),
        constant=lambda array: array,
        names={"pi": _mp(+mp.pi), "e": _mp(+mp.e)},
    )


SHAPES: dict[str, tuple[int, ...]] = {"x": (), "y": ()}


def in_digits(text: str, x: Any, y: Any) -> Any:
    tree = parse_expression(text, SHAPES)
    return evaluate_tree(tree, {"x": _mp(x), "y": _mp(y)}, mpmath_arithmetic(), 1)[0]


def form_of(text: str, algebra: Algebra) -> Terms:
    problem = make_problem("x y", text)
    trees, _ = Reader(algebra, 2).read(problem.function)
    return trees[0][0]


POINTS = [(0.5, -1.25), (1.375, 0.75), (-0.625, 2.0)]
LARGEST = 1e300


@given(formulas(), st.sampled_from(REWRITINGS), st.booleans())
@settings(max_examples=150, deadline=None, database=None)
def test_formulas_that_are_proved_to_be_the_same_agree_to_thirty_digits(
    inner: str, rewriting: tuple[str, str], outside: bool
) -> None:
    left, right = (side.format(inner) for side in rewriting)
    if outside:
        left, right = f"exp(({left})/9)*x", f"exp(({right})/9)*x"
    algebra = Algebra([Sign.UNKNOWN] * 2, literals_are_exact=True)
    try:
        same = algebra.vanishes(subtract(form_of(left, algebra), form_of(right, algebra)))
    except Beyond:
        assume(False)
    if same:
        with mpmath.workdps(DIGITS):
            for x, y in POINTS:
                a, b = in_digits(left, x, y), in_digits(right, x, y)
                if abs(a) < LARGEST:  # of exp(exp(100)) no fixed number of digits is right
                    assert abs(a - b) <= mpmath.mpf(10) ** -30 * (1 + abs(a))


@given(formulas())
@settings(max_examples=100, deadline=None, database=None)
def test_the_derivative_is_that_of_the_formula_and_within_its_bound(text: str) -> None:
    algebra = Algebra([Sign.UNKNOWN] * 2)
    try:
        slopes = algebra.gradient(form_of(text, algebra))
        place = Place(algebra, POINTS[0])
        found = [place.of(slopes.get(i, {})) for i in range(2)]
    except (Beyond, Unclear):
        assume(False)
    with mpmath.workdps(DIGITS):
        at = tuple(map(mpmath.mpf, POINTS[0]))
        for i, (middle, radius) in enumerate(found):
            order = (1, 0) if i == 0 else (0, 1)
            exact = mpmath.diff(lambda x, y: in_digits(text, x, y), at, order)
            value = mpmath.ldexp(middle, -BITS)
            assert abs(value - exact) <= mpmath.ldexp(radius, -BITS) + mpmath.mpf(10) ** -15 * (1 + abs(exact))


@given(formulas())
@settings(max_examples=100, deadline=None, database=None)
def test_a_ball_holds_the_value_for_every_meaning_of_the_literals(text: str) -> None:
    """For the decimals as written; their floats are on the ball's other side."""
    algebra = Algebra([Sign.UNKNOWN] * 2)
    try:
        terms = form_of(text, algebra)
        balls = [Place(algebra, point).of(terms) for point in POINTS]
    except (Beyond, Unclear):
        assume(False)
    with mpmath.workdps(60):
        for (middle, radius), (x, y) in zip(balls, POINTS, strict=True):
            exact = in_digits(text, mpmath.mpf(x), mpmath.mpf(y))
            assert abs(mpmath.ldexp(middle, -BITS) - exact) <= mpmath.ldexp(radius, -BITS) + mpmath.mpf(2) ** -190


@given(st.integers(-2 * PLAIN_ANGLE, 2 * PLAIN_ANGLE), st.integers(-3, 3), st.integers(-2000, 2000), st.booleans())
@settings(max_examples=200, deadline=None, database=None)
def test_cosine_and_sine_lie_in_their_balls_wherever_the_angle_is(
    x: int, near: int, turns: int, at_a_turn: bool
) -> None:
    with mpmath.workdps(100):
        if at_a_turn:  # where one of the two is nearly 0
            x = int(mpmath.nint(mpmath.ldexp(turns * mpmath.pi / 2, BITS))) + near
        angle = mpmath.mpf(x) / UNIT
        for (middle, radius), exact in zip(
            cosine_and_sine((x, 0)), (mpmath.cos(angle), mpmath.sin(angle)), strict=True
        ):
            assert abs(mpmath.mpf(middle) / UNIT - exact) <= mpmath.mpf(radius) / UNIT


@given(formulas(), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None, database=None)
def test_a_mutant_of_a_proved_claim_is_not_proved(text: str, seed: int) -> None:
    algebra = Algebra([Sign.UNKNOWN] * 2)
    try:
        slopes = algebra.gradient(form_of(text, algebra))
        truth = slopes.get(seed % 2, {})
        mutant = dict(truth)
        if not mutant:
            mutant = {((seed % 2, 1),): 1}
        else:
            chosen = sorted(mutant)[seed % len(mutant)]
            mutant[chosen] = mutant[chosen] + Fraction(1, 1 + seed)
        if not mutant or any(not c for c in mutant.values()):
            assume(False)
        assert algebra.vanishes(subtract(truth, truth))
        assert not algebra.vanishes(subtract(mutant, truth))
    except Beyond:
        assume(False)


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        ("where(x - sqrt(x**2) == 0, x**2, 3*x)", "[3]"),  # 0 for all x >= 0
        ("where(relu(x) == 0, x**2, 3*x)", "[3]"),  # 0 for all x <= 0
        ("where(where(x < 0, 1, sin(x)**2 + cos(x)**2 - 1) == 0, x**2, 3*x)", "[3]"),
        ("where(x != 1, x**2, 1)", "[where(x == 1, 0, 2*x)]"),  # the slope at 1 is 2
        ("where(x == 1, 1, x**2)", "[where(x != 1, 2*x, 0)]"),
    ],
)
def test_a_border_that_is_a_region_or_a_single_value_proves_nothing(function: str, claim: str) -> None:
    for point in (-2.0, 2.0):
        found = answer(make_problem("x", function, claim), (point,))
        assert found is None or found.proof is None


@pytest.mark.parametrize(
    ("text", "analytic"),
    [
        ("x**2 + exp(x*y)", True),
        ("log(1 + x**2)*sqrt(2 + cos(x)*cos(x))", True),
        ("sqrt(x**2)", False),
        ("log(x)", False),
        ("1/x", False),
        ("arctan(1/x)", False),
        ("sin(sqrt(x**2))", False),
        ("abs(x)", False),
    ],
)
def test_what_is_called_analytic_has_no_place_where_it_breaks(text: str, analytic: bool) -> None:
    algebra = Algebra([Sign.UNKNOWN] * 2)
    assert algebra.is_analytic(form_of(text, algebra)) is analytic


def test_a_broken_power_of_a_sign_comes_to_an_end() -> None:
    algebra = Algebra([Sign.UNKNOWN])
    power = algebra.power(algebra.sign(algebra.variable(0)), Fraction(5, 2))
    assert not algebra.vanishes(power)


# The other road, whose proofs and refutations rest on SymPy and on interval arithmetic.

PIECES = st.sampled_from(
    ["abs({0})", "relu({0})", "maximum({0}, y)", "where({0} > 1, ({0})**2, 2*({0}) - 1)", "sign({0})*({0})**2", "{0}"]
)
MUTATIONS = st.sampled_from(  # patterns, and what takes the place of their first occurrence
    [
        (r"^", ""),
        (r"\b2\b", "3"),
        (r" \+ ", " - "),
        (r"\bsin\b", "cos"),
        (r"> 0", ">= 0"),
        (r" > ", " < "),
        (r"\bx\b", "sqrt(x**2)"),
        (r"\by\b", "y*x/x"),
        (r"\bexp\b", "log"),
    ]
)


@given(formulas(), PIECES, MUTATIONS, st.sampled_from([None, {0: (0.0, np.inf)}, {0: (0.25, 1.0), 1: (-2.0, 0.0)}]))
@settings(max_examples=15, deadline=None, database=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_what_forms_prove_sympy_never_refutes_and_values_agree(
    inner: str, piece: str, mutation: tuple[str, str], intervals: Any
) -> None:
    function = f"x*({piece.format(inner)})"
    plain = make_problem("x y", function, "[x, x]", intervals=intervals)
    request = Request(np.array([[0.5, -1.25]]), np.array([[0.5, 0.5]]))
    try:
        told = general_road(plain, request).proof
    except DoesNotApply:
        assume(False)
    assert told is not None
    assume(all(told.reference))
    claim = ", ".join(re.sub(*mutation, text, count=1) for text in told.reference)
    problem = make_problem("x y", function, f"[{claim}]", intervals=intervals)
    found = answer(problem, (0.5, -1.25))
    assume(found is not None)
    other = general_road(problem, Request(request.points, problem.claim.evaluate(request.points).values))  # type: ignore[union-attr]
    assert other.proof is not None
    assert False not in other.proof.components
    ours, theirs = found.points[0], other.points[0]
    assert (np.abs(ours.value - theirs.value) <= ours.error_bound + theirs.error_bound).all()


def test_a_power_of_what_is_0_when_multiplied_out_is_0_or_left_to_sympy() -> None:
    algebra = Algebra([Sign.POSITIVE])
    x = algebra.variable(0)
    nothing = subtract(algebra.power(add(x, ONE), 2), add(add(algebra.power(x, 2), scaled(x, 2)), ONE))
    assert nothing
    assert algebra.power(nothing, 3) == algebra.power(nothing, Fraction(1, 2)) == {}
    with pytest.raises(Beyond):
        algebra.power(nothing, -1)
    with pytest.raises(Beyond):
        algebra.log(nothing)
