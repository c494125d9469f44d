"""What is proved, what is refuted, and what must stay undecided."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from gradverify_sympy.branches import Branch
from gradverify_sympy.identity import Judge, _vanishes_over_kernels
from gradverify_sympy.text import to_text
from gradverify_sympy.timebox import Deadline

from gradverify.core.problem import Derivative
from gradverify.core.verdicts import NoteKind
from gradverify.expression.parse import parse_expression
from tests.sympy_backend.making import ask, make_problem, proves, shapes_of

IDENTITIES = [
    ("x y z", "x**2 + 3*x*y - z**2 + 2*z", "[2*x + 3*y, 3*x, -2*z + 2]"),
    ("x", "sin(2*x)", "[2*cos(x)**2 - 2*sin(x)**2]"),
    ("x", "tan(x)", "[1 + tan(x)**2]"),
    ("x", "sinh(x)/cosh(x)", "[1/cosh(x)**2]"),
    ("x", "tanh(x)", "[(1 - tanh(x))*(1 + tanh(x))]"),
    ("x", "sigmoid(x)", "[exp(x)/(1 + exp(x))**2]"),
    ("x", "log(sigmoid(x))", "[sigmoid(-x)]"),
    ("x", "softplus(x)", "[sigmoid(x)]"),
    ("x", "log(x**2)", "[2/x]"),
    ("x", "x**x", "[x**x*(1 + log(x))]"),
    ("x", "x**0.3", "[0.3*x**-0.7]"),
    ("x", "log10(x)", "[1/(x*log(10))]"),
    ("x", "log(x + sqrt(x**2 + 1))", "[1/sqrt(x**2 + 1)]"),
    ("x", "arccosh(x)", "[1/sqrt(x**2 - 1)]"),
    ("x", "arctan(1/x)", "[-1/(1 + x**2)]"),
    ("x", "cbrt(x)", "[1/(3*cbrt(x)**2)]"),
    ("x", "exp2(x)", "[log(2)*2**x]"),
    ("x", "erf(x) + gammaln(x)", "[2/sqrt(pi)*exp(-x**2) + digamma(x)]"),
    ("x", "e**x", "[exp(x)]"),
    ("x y", "sqrt(x**2 + y**2)**3", "[3*x*hypot(x, y), 3*y*norm([x, y])]"),
    ("x y", "logaddexp(x, y)", "[1/(1 + exp(y - x)), 1/(1 + exp(x - y))]"),
    ("x y", "arctan2(y, x)", "[-y/(x**2 + y**2), x/(x**2 + y**2)]"),
    ("x y", "x/(x + y) - 1/(x*y)", "[y/(x + y)**2 + 1/(x**2*y), -x/(x + y)**2 + 1/(x*y**2)]"),
    ({"w": (3,)}, "logsumexp(w)", "softmax(w)"),
    ({"w": (3,)}, "norm(w)", "w/norm(w)"),
    ({"w": (4,)}, "std(w)", "(w - mean(w))/(4*std(w))"),
    ({"w": (3,)}, "softmax(w) @ [1, 2, 3]", "softmax(w)*([1, 2, 3] - softmax(w) @ [1, 2, 3])"),
    ("x", "abs(x)**3", "[3*x*abs(x)]"),
    ("x", "abs(x)", "[sign(x)]"),
    ("x", "relu(x)**2", "[2*relu(x)]"),
    ("x y", "maximum(x, y)", "[where(x >= y, 1, 0), where(x >= y, 0, 1)]"),
    ("x", "where(abs(x) <= 1, x**2/2, abs(x) - 0.5)", "[clip(x, -1, 1)]"),
    ("x", "remainder(x, 3)", "[1]"),
    ("x", "floor(x)*x", "[floor(x)]"),
]


@pytest.mark.parametrize(("names", "function", "claim"), IDENTITIES)
def test_a_right_claim_is_proved(names: str, function: str, claim: str) -> None:
    assert proves(names, function, claim) is True


@pytest.mark.parametrize(("names", "function", "claim"), IDENTITIES)
def test_the_same_claim_off_by_a_little_is_not_proved_right(names: str, function: str, claim: str) -> None:
    assert proves(names, function, f"({claim})*(1 + 2**-30)") is False


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        ("sqrt(x**2)*x", "[2*x]"),
        ("x**2", "[2*sqrt(x**2)]"),
        ("log(abs(x))", "[1/abs(x)]"),
        ("x*abs(x)", "[2*x]"),
        ("relu(x)", "[1]"),
    ],
)
def test_what_holds_on_half_of_the_domain_is_refuted(function: str, claim: str) -> None:
    assert proves("x", function, claim) is False


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        ("sqrt(x**2)*x", "[2*x]"),
        ("log(x)**2", "[log(x**2)/x]"),
        ("x*abs(x)", "[2*x]"),
    ],
)
def test_what_holds_on_the_domain_is_proved_there(function: str, claim: str) -> None:
    assert proves("x", function, claim, intervals={0: (0, np.inf)}) is True


def test_a_claim_that_is_real_on_half_of_the_domain_is_not_proved() -> None:
    estimates = ask(make_problem("x", "x**2", "[2*sqrt(x)**2]"))
    assert estimates.proof is not None
    assert estimates.proof.identical is None
    assert "needs x >= 0" in estimates.notes[0].message


def test_a_value_of_its_own_at_one_place_prevents_a_proof() -> None:
    assert proves("x", "x**2", "[where((x >= 2) & (x <= 2), 100, 2*x)]") is None
    assert proves("x", "x**2", "[where(x == 2, 100, 2*x)]") is None


def test_a_branch_outside_the_open_domain_but_on_the_closed_ones_edge_is_seen() -> None:
    problem = make_problem("x", "x**2", "[where(x <= 1, 100, 2*x)]", intervals={0: (1, 5)})
    problem.domain.low_open[0] = False
    proof = ask(problem).proof
    assert proof is not None
    assert proof.identical is None


def test_a_removable_division_is_noted() -> None:
    estimates = ask(make_problem("x", "x**2/2", "[x**2/x]"))
    assert [note.message for note in estimates.notes] == ["the claim as written has no value where x == 0"]


def test_a_right_division_needs_no_note() -> None:
    assert ask(make_problem("x y", "x/y", "[1/y, -x/y**2]")).notes == ()


def test_rounded_constants_are_called_so() -> None:
    estimates = ask(make_problem("x", "x**3/3 + x/3", "[x**2 + 0.3333333333]"))
    assert estimates.proof is not None
    assert estimates.proof.identical is False
    assert estimates.notes[0].kind is NoteKind.OTHER
    assert "rounded constants" in estimates.notes[0].message


def test_a_decimal_is_read_as_what_is_written() -> None:
    assert proves("x", "0.1*x**2", "[x/5]") is True
    assert proves("x", "x**2/10", "[0.2*x]") is True


def test_a_wrong_claim_is_shown_with_formula_and_difference() -> None:
    proof = ask(make_problem("x y", "x**2*sin(y)", "[x*sin(y), x**2*cos(y)]")).proof
    assert proof is not None
    assert proof.components == (False, True)
    assert proof.reference == ("2*x*sin(y)", "x**2*cos(y)")
    assert proof.difference == ("-x*sin(y)", "")


def test_a_fraction_that_nobody_wrote_is_shown_as_its_decimal() -> None:
    third, tenth = sp.Symbol("x") / 3, sp.Rational(*(0.1).as_integer_ratio())
    assert to_text(tenth * sp.Symbol("x") ** 2 - sp.exp(-tenth) + third) == "0.1*x**2 + x/3 - exp(-0.1)"


@pytest.mark.parametrize(
    ("names", "function"),
    [
        ("x", "arctan(x)*abs(x) + gammaln(x)"),
        ("x y", "maximum(x, y)**2 + hypot(x, y)"),
        ("x", "where(x > 1, x**2, exp(x)) + 0.1**x"),
        ("x", "e**x*sign(x) + erfc(x)"),
        ({"w": (2, 2)}, "norm(w @ [1, 2]) + arcsinh(w[0, 1])"),
    ],
)
def test_the_right_formula_as_text_is_the_derivative(names: str, function: str) -> None:
    problem = make_problem(names, function, "zeros(4)" if not isinstance(names, str) else None)
    n = problem.variables.size
    wrong = make_problem(names, function, f"{[0] * n}" if isinstance(names, str) else "[[7, 7], [7, 7]]")
    point = [1.3 + 0.4 * i for i in range(n)]
    estimates = ask(wrong, point)
    assert estimates.proof is not None
    shapes = shapes_of(names)
    for i, text in enumerate(estimates.proof.reference):
        value = make_problem(names, str(text)).function.evaluate(np.array([point])).values
        parse_expression(text, shapes)
        assert value.ravel()[0] == pytest.approx(estimates.points[0].value[i], rel=1e-13)


def test_a_hessian_is_proved() -> None:
    claim = "[[2*y, 2*x], [2*x, -sin(y)]]"
    assert proves("x y", "x**2*y + sin(y)", claim, derivative=Derivative.HESSIAN) is True
    assert proves("x y", "x**2*y + sin(y)", claim.replace("-", ""), derivative=Derivative.HESSIAN) is False


def test_a_jacobian_is_proved() -> None:
    claim = "[[y, x], [1, cos(y)], [2*x, 0]]"
    assert proves("x y", "[x*y, x + sin(y), x**2]", claim, derivative=Derivative.JACOBIAN) is True
    assert proves("x y", "[x*y, x + sin(y), y**2]", claim, derivative=Derivative.JACOBIAN) is False


X = sp.Symbol("x", real=True)
SINE, COSINE = sp.sin(X), sp.cos(X)


@pytest.mark.parametrize(
    ("difference", "vanishes"),
    [
        (sp.sin(SINE) ** 2 + sp.cos(SINE) ** 2 - 1, True),
        ((SINE**2 + COSINE**2 - 1).expand() * sp.sin(COSINE), True),
        (X * COSINE * sp.cos(SINE) + sp.sin(SINE), False),
        ((SINE**2 - COSINE**2 - 1).expand() * sp.sin(COSINE), False),
    ],
)
def test_waves_within_waves_are_told_apart(difference: Any, vanishes: bool) -> None:
    assert _vanishes_over_kernels(difference) is vanishes


def test_sums_of_many_logistic_terms_are_proved() -> None:
    generator = np.random.default_rng(0)
    data = {"A": generator.normal(size=(8, 4)), "b": np.sign(generator.normal(size=8))}
    function = "sum(log(1 + exp(-b*(A @ w))))"
    claim = "-transpose(A) @ (b*sigmoid(-b*(A @ w)))"
    assert proves({"w": (4,)}, function, claim, constants=data) is True
    assert proves({"w": (4,)}, function, claim + "/8", constants=data) is False


def test_least_squares_with_data_are_proved() -> None:
    data = {"A": np.random.default_rng(0).normal(size=(9, 3)), "b": np.arange(9.0)}
    assert proves({"w": (3,)}, "sum((A @ w - b)**2)", "2*transpose(A) @ (A @ w - b)", constants=data) is True


def test_a_claim_whose_shape_does_not_fit_is_left_to_the_core() -> None:
    assert ask(make_problem("x y", "x*y", "[x, y, x]")).proof is None


# The alarm may ring within a destructor, where Python reports it as lost; it rings again.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_nasty_expression_ends_in_time_and_undecided() -> None:
    function = "(sin(x)*cos(y) + exp(x*y) + sqrt(1 + x**2))**24*log(2 + cos(x*y))"
    claim = (
        f"[({function})*(24*(cos(x)*cos(y) + y*exp(x*y) + x/sqrt(1 + x**2))/(sin(x)*cos(y) + exp(x*y) + sqrt(1 + x**2))"
        " - y*sin(x*y)/((2 + cos(x*y))*log(2 + cos(x*y)))), 0*x]"
    )
    estimates = ask(make_problem("x y", function, claim, seconds=2.0), [0.3, 0.4])
    assert estimates.proof is not None
    assert estimates.proof.components[0] is not False
    assert np.isfinite(estimates.points[0].value).all()


def test_a_branch_without_a_value_on_a_border_hides_no_wrong_one_beside_it() -> None:
    x, y = sp.symbols("x y", real=True)

    def decided(at_zero: object) -> bool | None:
        judge = Judge(iter(()), {}, {}, Deadline(10.0))
        return judge.decide(Branch(x, 2 * x, 2 * x, at_zero), 2 * x).identical

    assert decided(Branch(y, sp.nan, 2 * x, sp.nan)) is True
    assert decided(Branch(y, 5, sp.nan, sp.nan)) is None


def test_a_difference_with_huge_numbers_is_told_as_it_is() -> None:
    problem = make_problem("x", "1e8*3**x", "1e8*3**x*log(3)*(1 + 0.001*x)", seconds=2.0)
    proof = ask(problem, [1.5]).proof
    assert proof is not None
    assert proof.components == (False,)
