"""Each mistake is named, and named only where it is what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from gradverify.core.answers import Answer
from gradverify.core.conclude import checks_of
from gradverify.core.diagnosis import diagnose
from gradverify.core.diagnosis.conditions import side_of_a_condition
from gradverify.core.diagnosis.constants import name_of_factor
from gradverify.core.diagnosis.evidence import gather
from gradverify.core.diagnosis.hypotheses import Column, rougher_guesses
from gradverify.core.problem import Evaluation, ExpressionFunction, Function, Problem, Request
from gradverify.core.report import Diagnosis
from gradverify.core.variables import Shape
from gradverify.core.verdicts import Evidence, Fault
from gradverify.core.verify import verify
from tests.core.fakes import Parts, check, claim_of, function_of, problem_of, telling

XY: Mapping[str, Shape] = {"x": (), "y": ()}
POINTS = [[1.3, 0.7], [-0.4, 2.1]]


def diagnosis(
    f: str,
    truth: Mapping[str, str],
    claim: Mapping[str, str],
    points: list[list[float]] = POINTS,
    shapes: Mapping[str, Shape] = XY,
) -> list[Diagnosis]:
    problem = problem_of(f, claim, shapes)
    verified, ask = check(problem, truth, points)
    return diagnose(verified, ask, Parts(problem))


def only(found: list[Diagnosis]) -> Diagnosis:
    assert len(found) == 1, found
    return found[0]


F = "x**2*y + sin(y)"
TRUTH = {"x": "2*x*y", "y": "x**2 + cos(y)"}


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"x": "-2*x*y"}, Fault.SIGN),
        ({"x": "x*y"}, Fault.FACTOR),
        ({"x": "0*x"}, Fault.ZEROED_COMPONENT),
        ({"x": "2*x*y + 0.25"}, Fault.CONSTANT_OFFSET),
        ({"x": "2*x**2*y"}, Fault.LOG_PARAMETER),
        ({"y": "cos(y)"}, Fault.MISSING_TERM),
        ({"y": "x**2"}, Fault.MISSING_TERM),
        ({"y": "2*x**2 + cos(y)"}, Fault.FACTOR),
        ({"y": "x**2 + x**2 + cos(y)"}, Fault.EXTRA_TERM),
        ({"y": "x**2 - cos(y)"}, Fault.SIGN),
        ({"x": "x**2 + cos(y)", "y": "2*x*y"}, Fault.SWAPPED_COMPONENTS),
        ({"y": "exp(0.3*x) + tanh(y)"}, Fault.UNKNOWN),
    ],
)
def test_a_single_mistake_is_named(wrong: dict[str, str], fault: Fault) -> None:
    assert only(diagnosis(F, TRUTH, {**TRUTH, **wrong})).fault is fault


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        ("2", "factor of 2"),
        ("0.5", "1/2"),
        ("pi/180", "π/180"),
        ("log(10)", "ln 10"),
        ("1/log(2)", "1/ln 2"),
        ("3", "3"),
    ],
)
def test_a_factor_is_called_by_its_name(factor: str, words: str) -> None:
    found = only(diagnosis(F, TRUTH, {**TRUTH, "x": f"({factor})*2*x*y"}))
    assert found.fault is Fault.FACTOR
    assert words in found.message


def test_a_factor_without_a_name_shows_its_value() -> None:
    assert "1.0005" in only(diagnosis(F, TRUTH, {**TRUTH, "x": "1.0005*2*x*y"})).message


def test_a_forgotten_inner_derivative_is_named() -> None:
    found = only(diagnosis("sin(x**2) + y", {"x": "2*x*cos(x**2)", "y": "1 + 0*y"}, {"x": "cos(x**2)", "y": "1 + 0*y"}))
    assert found.fault is Fault.MISSING_CHAIN_FACTOR
    assert "x**2" in found.message


def test_a_forgotten_outer_derivative_is_named() -> None:
    truth = {"x": "y*exp(x*y)/(1 + exp(x*y))", "y": "x*exp(x*y)/(1 + exp(x*y))"}
    claim = {**truth, "x": "y*exp(x*y)"}
    found = only(diagnosis("log(1 + exp(x*y))", truth, claim))
    assert found.fault is Fault.MISSING_CHAIN_FACTOR


def test_a_sum_where_a_mean_belongs_names_what_is_counted() -> None:
    shapes: dict[str, Shape] = {"w": (7,)}
    points = [list(np.linspace(-1, 2, 7)), list(np.linspace(3, 0.5, 7))]
    found = only(diagnosis("mean(w**2)", {"w": "2*w/7"}, {"w": "2*w"}, points, shapes))
    assert found.fault is Fault.MEAN_VS_SUM
    assert "`w`" in found.message


def test_an_index_off_by_one_is_named() -> None:
    shapes: dict[str, Shape] = {"w": (5,)}
    truth = {"w": "[2*w[0], 3*w[1]**2, cos(w[2]), exp(w[3]), 4*w[4]**3]"}
    claim = {"w": "[3*w[1]**2, cos(w[2]), exp(w[3]), 4*w[4]**3, 2*w[0]]"}
    points = [[0.3, 1.1, 2.0, -0.7, 0.9]]
    assert only(diagnosis("sum(w)", truth, claim, points, shapes)).fault is Fault.OFF_BY_ONE_INDEX


def test_a_transposed_block_is_named() -> None:
    shapes: dict[str, Shape] = {"W": (3, 3)}
    points = [list(np.random.default_rng(0).normal(size=9))]
    found = only(diagnosis("sum(W**3)", {"W": "3*W**2"}, {"W": "(3*W**2).T"}, points, shapes))
    assert found.fault is Fault.TRANSPOSED


def test_independent_faults_are_told_apart_by_block() -> None:
    shapes: dict[str, Shape] = {"W": (2, 2), "b": (2,), "c": (2,)}
    truth = {"W": "2*W", "b": "3*b**2", "c": "cos(c)"}
    claim = {"W": "2*(2*W)", "b": "4*3*b**2", "c": "cos(c)"}
    points = [[0.3, 1.1, 2.0, -0.7, 0.9, 0.4, -1.2, 0.8]]
    found = diagnosis("sum(W**2) + sum(b**3) + sum(sin(c))", truth, claim, points, shapes)
    assert [(d.fault, d.components[0].variable) for d in found] == [(Fault.FACTOR, "W"), (Fault.FACTOR, "b")]
    assert "factor of 2" in found[0].message
    assert "factor of 4" in found[1].message


def test_a_missing_penalty_is_a_missing_term() -> None:
    shapes: dict[str, Shape] = {"w": (3,)}
    points = [[0.3, 1.1, 2.0], [1.0, -1.0, 0.5]]
    found = diagnosis("sum(exp(w)) + 0.1*sum(w**2)", {"w": "exp(w) + 0.2*w"}, {"w": "exp(w)"}, points, shapes)
    assert {d.fault for d in found} == {Fault.MISSING_TERM}


def test_a_wrong_branch_is_told_by_the_side_it_is_on() -> None:
    truth = {"x": "where(x > 2, 3*x**2, 2*x)", "y": "1 + 0*y"}
    claim = {"x": "2*x", "y": "1 + 0*y"}
    points = [[0.5, 1], [1.0, 1], [1.9, 1], [3.0, 1], [4.0, 1]]
    assert only(diagnosis("x + y", truth, claim, points)).fault is Fault.WRONG_BRANCH


def test_a_finite_difference_in_disguise_is_named_with_its_step() -> None:
    truth = {"x": "exp(x)"}
    claim = {"x": "(exp(x + 0.001) - exp(x))/0.001"}
    found = only(diagnosis("exp(x) + 0*x", truth, claim, [[0.3], [1.2]], {"x": ()}))
    # e**h is a constant factor here: exp(x + h) − exp(x) is a multiple of exp(x), and both names are right.
    assert found.fault in {Fault.FACTOR, Fault.NUMERICAL_DERIVATIVE}
    truth, claim = {"x": "cos(x)"}, {"x": "(sin(x + 0.001) - sin(x))/0.001"}
    found = only(diagnosis("sin(x)", truth, claim, [[0.3], [1.2]], {"x": ()}))
    assert found.fault is Fault.NUMERICAL_DERIVATIVE
    assert "0.001" in found.message


def test_nothing_is_diagnosed_where_nothing_is_wrong() -> None:
    assert diagnosis(F, TRUTH, TRUTH) == []


@dataclass(frozen=True)
class Hidden:
    """A claim without formulas."""

    inner: Function
    kind: str = "python"

    @property
    def output_shape(self) -> Shape:
        return self.inner.output_shape

    def evaluate(self, points: np.ndarray) -> Evaluation:
        return self.inner.evaluate(points)


P = "x**2*exp(x*y)"
P_TRUTH = {"x": "2*x*exp(x*y) + x**2*y*exp(x*y)", "y": "x**3*exp(x*y)"}
Q = "sin(x)/(x**2 + y**2)"
Q_TRUTH = {
    "x": "cos(x)/(x**2 + y**2) - 2*x*sin(x)/(x**2 + y**2)**2",
    "y": "-2*y*sin(x)/(x**2 + y**2)**2",
}


@pytest.mark.parametrize(
    ("f", "truth", "wrong", "fault", "words"),
    [
        (P, P_TRUTH, "2*x*exp(x*y) - x**2*y*exp(x*y)", Fault.SIGN, "exp(x*y) (product rule) has the wrong sign"),
        (P, P_TRUTH, "2*x*exp(x*y)", Fault.MISSING_TERM, "through exp(x*y) (product rule) is missing"),
        (P, P_TRUTH, "x**2*y*exp(x*y)", Fault.MISSING_TERM, "through x**2 (product rule) is missing"),
        (P, P_TRUTH, "2*x*exp(x*y) + x**2*exp(x*y)", Fault.MISSING_CHAIN_FACTOR, "inner expression x*y"),
        (
            Q, Q_TRUTH, "cos(x)/(x**2 + y**2) + 2*x*sin(x)/(x**2 + y**2)**2", Fault.SIGN,
            "through x**2 + y**2 (quotient rule) has the wrong sign",
        ),
        (Q, Q_TRUTH, "cos(x)/(x**2 + y**2)", Fault.MISSING_TERM, "through x**2 + y**2 (quotient rule) is missing"),
        (
            Q, Q_TRUTH, "cos(x)/(x**2 + y**2) - 2*x*sin(x)/(x**2 + y**2)", Fault.FACTOR,
            "x**2 + y**2 stands where (x**2 + y**2)**2 belongs",
        ),
        (
            Q, Q_TRUTH, "cos(x)/(x**2 + y**2) - 2*y*sin(x)/(x**2 + y**2)**2", Fault.FACTOR,
            "y stands where x belongs; right with that changed: cos(x)/(x**2 + y**2) - 2*x*sin(x)/(x**2 + y**2)**2",
        ),
    ],
)  # fmt: skip
def test_a_slip_in_the_product_or_the_quotient_rule_is_named(
    f: str, truth: Mapping[str, str], wrong: str, fault: Fault, words: str
) -> None:
    found = only(diagnosis(f, truth, {**truth, "x": wrong}))
    assert found.fault is fault
    assert words in found.message


M: Mapping[str, Shape] = {"W": (2, 2), "x": (2,)}
M_POINTS = [[1.3, 0.7, -0.4, 2.1, 0.5, -1.2], [0.2, -1.1, 0.9, 0.3, 1.7, 0.8]]
M_TRUTH = {"W": "outer(x, x)", "x": "(W + W.T) @ x"}


@pytest.mark.parametrize(
    ("wrong", "fault", "words"),
    [
        ("2*W @ x", Fault.TRANSPOSED, "W is taken to be symmetric: W + W.T belongs where 2*W stands"),
        ("2*W.T @ x", Fault.TRANSPOSED, "symmetric"),
        ("W @ x", Fault.MISSING_TERM, "product rule"),
        ("(W - W.T) @ x", Fault.SIGN, "sign"),
    ],
)
def test_a_matrix_that_is_taken_to_be_symmetric_is_named(wrong: str, fault: Fault, words: str) -> None:
    found = only(diagnosis("x @ W @ x", M_TRUTH, {**M_TRUTH, "x": wrong}, M_POINTS, M))
    assert found.fault is fault
    assert words in found.message


def test_a_transposed_factor_is_named_with_the_formula_that_is_right() -> None:
    truth = {"W": "2*outer(W.T @ x, x).T", "x": "2*W @ W.T @ x"}
    found = only(diagnosis("norm(W.T @ x)**2", truth, {**truth, "x": "2*W.T @ W.T @ x"}, M_POINTS, M))
    assert found.fault is Fault.TRANSPOSED
    assert found.message.endswith("right with that changed: 2*W @ W.T @ x") or "transpose" in found.message


def test_a_linear_term_that_is_left_out_is_no_mere_offset() -> None:
    truth = {"x": "2*x + 3", "y": "1 + 0*y"}
    found = only(diagnosis("x**2 + 3*x + y", truth, {**truth, "x": "2*x"}))
    assert found.fault is Fault.MISSING_TERM
    assert "3*x" in found.message


def test_a_small_offset_is_no_wrong_branch() -> None:
    points = [[1e-3, 1.0], [30.0, 2.0], [-40.0, 3.0]]
    found = only(diagnosis("x**2 + y", {"x": "2*x", "y": "1"}, {"x": "2*x + 1e-5*cos(x)", "y": "1"}, points))
    assert found.fault is not Fault.WRONG_BRANCH


def test_a_wrong_branch_is_blamed_on_the_components_own_variable() -> None:
    shapes: Mapping[str, Shape] = {"v": (2,)}
    found = only(
        diagnosis("sum(relu(v))", {"v": "where(v > 0, 1, 0)"}, {"v": "[where(v[0] > 0, 1, 0), 1]"},
                  [[1.0, -2.0], [0.5, 1.5], [0.7, -0.3]], shapes)
    )  # fmt: skip
    assert found.fault is Fault.WRONG_BRANCH
    assert "v[1]" in found.message


@pytest.mark.parametrize(
    "points", [POINTS, [*POINTS, [9e-5, 1.0]]]
)  # the square of 9e-5 has two bits in half precision
def test_half_precision_is_not_called_single(points: list[list[float]]) -> None:
    problem = problem_of("x**3 + y", function_of("[3*x**2, 1 + 0*y]", XY), XY)

    def halved(points: np.ndarray) -> Evaluation:
        exact = np.stack([3 * points[:, 0] ** 2, np.ones(len(points))], axis=1)
        return Evaluation(exact.astype(np.float16).astype(float))

    claim = replace(function_of("[3*x**2, 1 + 0*y]", XY), run=halved, kind="python")
    verified, ask = check(replace(problem, claim=claim), {"x": "3*x**2", "y": "1"}, points)
    found = only(diagnose(verified, ask, Parts(problem)))
    assert found.fault is Fault.SINGLE_PRECISION
    assert "half precision" in found.message


def test_all_signs_wrong_are_no_swap() -> None:
    shapes: Mapping[str, Shape] = {"v": (2,)}
    found = only(diagnosis("2*v[0] - 2*v[1]", {"v": "[2, -2]"}, {"v": "[-2, 2]"}, [[1.0, -2.0]], shapes))
    assert found.fault is Fault.SIGN


def test_a_symmetric_matrix_is_suspected_even_where_the_claim_is_code() -> None:
    problem = problem_of("x @ W @ x", M_TRUTH, M)
    hidden = Hidden(claim_of({**M_TRUTH, "x": "2*W @ x"}, M))
    verified, ask = check(replace(problem, claim=hidden), M_TRUTH, M_POINTS)
    found = only(diagnose(verified, ask, Parts(problem)))
    assert found.fault is Fault.TRANSPOSED
    assert "symmetric" in found.message


def test_a_wrong_value_at_a_kink_is_told_with_the_slopes() -> None:
    problem = problem_of("relu(x) + y", {"x": "where(x > 0, 1, where(x < 0, 0, 2))", "y": "1"}, XY)
    ask = telling(claim_of({"x": "where(x > 0, 1, where(x < 0, 0, log(0*x - 1)))", "y": "1"}, XY))
    verified = verify(problem, np.array([[0.0, 1.0], [1.0, 2.0], [-1.5, 0.5]]), ["truth"], ask)
    found = only(diagnose(verified, ask, Parts(problem)))
    assert found.fault is Fault.WRONG_BRANCH
    assert "at (0, 1), wrong there: claimed 2, the slopes are 0 and 1" in found.message
    (check_,) = checks_of(verified, "gradient", None)
    assert check_.points[0].reference is not None
    assert check_.points[0].reference[0] == pytest.approx(1.0)


def test_a_claim_that_has_no_digits_left_far_out_is_explained_all_the_same() -> None:
    shapes: Mapping[str, Shape] = {"x": ()}
    found = only(
        diagnosis("tanh(x)", {"x": "1/cosh(x)**2"}, {"x": "2*(1 - tanh(x)**2)"}, [[0.5], [3.0], [10.0]], shapes)
    )
    assert found.fault is Fault.FACTOR
    assert "factor of 2" in found.message


def test_what_fades_away_is_no_branch() -> None:
    shapes: Mapping[str, Shape] = {"x": ()}
    truth = {"x": "1 - tanh(x - 3)*exp(-x)"}
    found = only(diagnosis("x + 0*x", truth, {"x": "1 + 0*x"}, [[1.0], [2.0], [30.0], [40.0]], shapes))
    assert found.fault is not Fault.WRONG_BRANCH


def test_a_branch_between_two_thresholds_is_told_by_the_condition_of_f() -> None:
    shapes: Mapping[str, Shape] = {"x": ()}
    truth = {"x": "where((x > -1) & (x < 2), 2*x, 0)"}
    found = only(diagnosis("clip(x, -1, 2)**2", truth, {"x": "2*x"}, [[0.5], [-3.0], [4.0], [1.5], [-0.3]], shapes))
    assert found.fault is Fault.WRONG_BRANCH
    assert "right where (x > -1) & (x < 2)" in found.message


def test_a_factor_that_many_components_lack_is_told_of_all() -> None:
    shapes: Mapping[str, Shape] = {"v": (20,)}
    points = np.random.default_rng(0).uniform(-1, 1, size=(3, 20)).tolist()
    right, wrong = "cos(tanh(v))*(1 - tanh(v)**2) + 2*v", "cos(tanh(v)) + 2*v"
    found = only(diagnosis("sum(sin(tanh(v))) + sum(v**2)", {"v": right}, {"v": wrong}, points, shapes))
    assert found.fault is Fault.MISSING_CHAIN_FACTOR
    assert len(found.components) == 20


def test_a_product_rule_that_leaves_a_constant_is_no_mere_offset() -> None:
    shapes: Mapping[str, Shape] = {"x": ()}
    found = only(diagnosis("x*log(x)", {"x": "log(x) + 1"}, {"x": "log(x)"}, [[0.5], [3.0], [10.0]], shapes))
    assert found.fault is Fault.MISSING_TERM
    assert "product rule" in found.message


@pytest.mark.parametrize(
    ("f", "truth", "wrong", "words"),
    [
        ("log(x)**2", "2*log(x)/x", "2*log(x)", "the derivative of the inner expression log(x)"),
        ("sqrt(1 + x**2)", "x/sqrt(1 + x**2)", "1/sqrt(1 + x**2)", "inner expression"),
        ("2**(x**3)", "log(2)*3*x**2*2**(x**3)", "3*x**2*2**(x**3)", "1/ln 2"),
    ],
)
def test_a_factor_of_the_variable_that_is_an_inner_derivative_is_called_so(
    f: str, truth: str, wrong: str, words: str
) -> None:
    shapes: Mapping[str, Shape] = {"x": ()}
    found = only(diagnosis(f, {"x": truth}, {"x": wrong}, [[0.5], [1.3], [2.0]], shapes))
    assert found.fault in (Fault.MISSING_CHAIN_FACTOR, Fault.FACTOR)
    assert words in found.message


@pytest.mark.parametrize(
    ("claim", "fault", "words"),
    [
        ("2*(v - mean(v))", Fault.MEAN_VS_SUM, "a sum where a mean belongs"),
        ("2*(v - mean(v))/3", Fault.FACTOR, "n/(n−1) with n = 4"),
    ],
)
def test_what_a_variance_divides_by_is_named(claim: str, fault: Fault, words: str) -> None:
    shapes: Mapping[str, Shape] = {"v": (4,)}
    truth = {"v": "(v - mean(v))/2"}
    found = only(diagnosis("var(v)", truth, {"v": claim}, [[1.0, -2.0, 0.3, 4.0], [0.5, 2.0, 1.0, -1.0]], shapes))
    assert found.fault is fault
    assert words in found.message


def test_the_factor_of_a_cube_is_no_sum_over_three_things() -> None:
    shapes: Mapping[str, Shape] = {"v": (3,)}
    found = only(diagnosis("sum(v**3)", {"v": "3*v**2"}, {"v": "v**2"}, [[1.0, -2.0, 0.3], [0.5, 2.0, 1.0]], shapes))
    assert found.fault is Fault.FACTOR


@pytest.mark.parametrize(("seconds", "asked"), [(0.01, "exact"), (60.0, "differences")])
def test_a_backend_that_takes_minutes_for_further_points_is_spared_them(seconds: float, asked: str) -> None:
    problem = problem_of(F, {**TRUTH, "x": "x*y"}, XY)
    verified, ask = check(problem, TRUTH, POINTS)
    (one,) = verified.judged
    exact = replace(one, answer=replace(one.answer, backend="exact", seconds=seconds))
    level = tuple(Evidence.ESTIMATED for _ in one.evidence)
    other = replace(one, answer=replace(one.answer, backend="differences", seconds=0.02), evidence=level)
    names: list[str] = []

    def noting(name: str, problem: Problem, request: Request) -> Answer:
        names.append(name)
        return ask("truth", problem, request)

    gather(replace(verified, judged=(exact, other)), noting)
    assert names == [asked]


@pytest.mark.parametrize(("claim", "fault"), [("2", Fault.FACTOR), ("33", Fault.UNKNOWN), ("100", Fault.FACTOR)])
def test_at_a_single_value_only_everyday_factors_are_told(claim: str, fault: Fault) -> None:
    shapes: Mapping[str, Shape] = {"x": ()}
    assert only(diagnosis("x", {"x": "1"}, {"x": claim}, [[1.3]], shapes)).fault is fault


def test_a_term_that_alone_makes_a_vector_is_not_left_out_of_its_sum() -> None:
    most = "concatenate([2*(x[:-1] + sum(x) - 5), [0]]) + 2*sum(x[:-1] + sum(x) - 5)*ones(4)"
    truth = {"x": f"{most} + 2*(prod(x) - 1)*[x[1]*x[2]*x[3], x[0]*x[2]*x[3], x[0]*x[1]*x[3], x[0]*x[1]*x[2]]"}
    claim = {"x": f"{most} + 2*(prod(x) - 1)*prod(x)*ones(4)"}
    points = [[0.5, 0.5, 0.5, 0.5], [1.0, 2.0, -1.0, 0.3]]
    found = diagnosis("sum((x[:-1] + sum(x) - 5)**2) + (prod(x) - 1)**2", truth, claim, points, {"x": (4,)})
    assert "lacks the divisor x" in only(found).message


def test_a_numerator_that_is_too_much_is_named() -> None:
    truth, claim = {"x": "1/(1 + x**2)"}, {"x": "sign(x)/(1 + x**2)"}
    found = only(diagnosis("arctan(x)", truth, claim, [[1.3], [-0.4], [-2.0]], {"x": ()}))
    assert "the factor sign(x) does not belong" in found.message


def test_a_factor_of_a_logarithm_is_no_power_of_its_argument() -> None:
    truth, claim = {"x": "log(x)/(2*sqrt(x)) + 1/sqrt(x)"}, {"x": "log(x)/sqrt(x) + 1/sqrt(x)"}
    found = only(diagnosis("sqrt(x)*log(x)", truth, claim, [[1.3], [0.4], [2.0]], {"x": ()}))
    assert "has a factor of 2 where 1 belongs" in found.message


def test_a_claim_that_vanishes_but_for_round_off_is_zero() -> None:
    found = only(diagnosis(F, TRUTH, {**TRUTH, "x": "1e-18*x*y"}))
    assert (found.fault, found.message) == (Fault.ZEROED_COMPONENT, "∂f/∂x: the claim is 0 but for round-off")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [("0.5*exp(y) - 1", "off by the constant -0.5"), ("0.5*exp(y) + 0.5", "sign")],
)
def test_values_of_other_orders_hide_nothing_of_what_is_wrong_with_ordinary_ones(wrong: str, message: str) -> None:
    points = [[0.0, 0.0], [1.0, -3.0], [2.0, 30.0]]
    truth = {"x": "x", "y": "0.5*exp(y) - 0.5"}
    found = only(diagnosis("0.5*(exp(y) + x**2 - 1 - y)", truth, {**truth, "y": wrong}, points))
    assert message in found.message


def test_a_conversion_that_was_made_the_wrong_way_round_is_named() -> None:
    truth, claim = {"x": "2*x/((1 + x**2)*log(10))"}, {"x": "2*x*log(10)/(1 + x**2)"}
    found = only(diagnosis("log10(1 + x**2)", truth, claim, [[1.3], [0.4], [2.0]], {"x": ()}))
    assert found.fault is Fault.FACTOR
    assert "(ln 10)² (natural and decimal logarithm the wrong way round)" in found.message


def test_a_rounded_number_in_a_denominator_is_named_and_not_the_one_above_it() -> None:
    found = diagnosis("log(x)/log(10)", {"x": "1/(x*log(10))"}, {"x": "1/(2.3026*x)"}, [[1.3], [0.4], [2.7]], {"x": ()})
    assert "the number 2.3026 stands where 2.3025851 belongs" in only(found).message


@pytest.mark.parametrize(
    ("value", "text"), [(1 + 4e-6, "1 + 4e-06"), (1 - 2.5e-5, "1 − 2.5e-05"), (1.01, "1.01"), (0.999, "0.999")]
)
def test_a_factor_next_to_one_is_told_by_what_it_is_off(value: float, text: str) -> None:
    assert name_of_factor(value, {})[0] == text


WIDE: Mapping[str, Shape] = {"v": (12,)}


def test_one_of_many_wrong_components_that_a_variable_separates_by_chance_has_no_branch() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform(-1, 1, size=(18, 12))
    points[:16, 0], points[16:, 0] = rng.uniform(-1, 0.5, 16), (0.8, 0.9)
    switch = "where(v[1] > 2, 1, 0)"  # tells the last two points apart, and so does v[0], by chance
    points[16:, 1] = 2.5
    truth = {"v": f"2*v + (1 - {switch})*(sin(5*v[::-1]) + 2)"}
    found = diagnosis("sum(v**2)", truth, {"v": "2*v"}, points.tolist(), WIDE)
    assert Fault.WRONG_BRANCH not in [d.fault for d in found]


def test_the_threshold_of_every_component_itself_is_told() -> None:
    points = np.random.default_rng(3).uniform(-1, 1, size=(18, 12)).tolist()
    found = diagnosis("sum(v**3)", {"v": "where(v > 0, 3*v**2, exp(v))"}, {"v": "3*v**2"}, points, WIDE)
    assert {d.fault for d in found} == {Fault.WRONG_BRANCH}


@pytest.mark.parametrize(
    ("wrong", "fault", "words"),
    [
        ("3*x**2", Fault.MISSING_TERM, "sin(x), which f has 2 times, is missing"),
        (
            "3*x**2 + cos(x)",
            Fault.MISSING_TERM,
            "which f has 2 times, is missing once, or has a factor of 1/2 each time",
        ),
        ("3*x**2 - 2*cos(x)", Fault.SIGN, "sin(x), which f has 2 times, has the wrong sign"),
    ],
)
def test_a_term_that_f_has_twice_is_missed_as_a_whole_or_once(wrong: str, fault: Fault, words: str) -> None:
    f, right = "sin(x) + x**3 + sin(x)", "3*x**2 + 2*cos(x)"
    found = only(diagnosis(f, {"x": right}, {"x": wrong}, [[0.3], [1.7], [-2.2]], {"x": ()}))
    assert found.fault is fault
    assert words in found.message


def test_another_terms_inner_derivative_is_no_factor_of_this_one() -> None:
    truth = {"m": "-(3 - m)/s**2", "s": "1/s - (3 - m)**2/s**3"}
    wrong = {**truth, "s": "1/s - (3 - m)**2/s**2"}
    found = only(diagnosis("log(s) + (3 - m)**2/(2*s**2)", truth, wrong, [[1.3, 0.7], [-0.4, 2.1]], {"m": (), "s": ()}))
    assert "log(s)" not in found.message


@pytest.mark.parametrize(("right", "told"), [(2, False), (9, True)])
def test_one_entry_of_many_conditions_that_fits_two_points_may_do_so_by_chance(right: int, told: bool) -> None:
    points = np.random.default_rng(5).uniform(0.1, 1, size=(18, 12))
    points[:right, 5] *= -1
    problem = problem_of("sum(relu(v))", {"v": "v"}, WIDE)
    agrees = np.arange(18) < right
    values = points[:, 0]
    col = Column(values, values, values, points, np.ones(18, dtype=bool), 2.2e-16, 0, ~agrees)
    assert isinstance(problem.function, ExpressionFunction)
    found = side_of_a_condition(col, agrees, problem.function.trees[0], Parts(problem))
    assert (found is not None) is told


Z: Mapping[str, Shape] = {"z": (3,)}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("softmax(z)*w", "through the sum in softmax(z) is missing"),
        ("softmax(z)*(1 - softmax(z))*w", "only the diagonal of the Jacobian of softmax(z) is used"),
    ],
)
def test_what_a_softmax_does_through_its_sum_is_told_as_missing(wrong: str, words: str) -> None:
    points = [[0.3, -1.0, 0.5], [1.2, 0.4, -0.7], [-0.2, 0.9, 2.0]]
    weights = "[1, 5, 2]"
    truth = {"z": f"softmax(z)*({weights} - sum(softmax(z)*{weights}))"}
    found = only(diagnosis(f"sum(softmax(z)*{weights})", truth, {"z": wrong.replace("w", weights)}, points, Z))
    assert found.fault is Fault.MISSING_TERM
    assert words in found.message


def test_another_mistake_beside_a_softmax_is_not_its_sum() -> None:
    points = [[0.3, -1.0, 0.5], [1.2, 0.4, -0.7], [-0.2, 0.9, 2.0]]
    truth = {"z": "softmax(z)*([1, 5, 2] - sum(softmax(z)*[1, 5, 2]))"}
    found = diagnosis("sum(softmax(z)*[1, 5, 2])", truth, {"z": "softmax(z)*[1, 5, 3]"}, points, Z)
    assert not any("sum in" in d.message or "diagonal" in d.message for d in found)


@pytest.mark.filterwarnings("error")
def test_powers_that_overflow_warn_nobody() -> None:
    tiny = np.array([1e-200, 2e-200, 5e-200])
    far = np.ones(3, dtype=bool)
    col = Column(1.5 * tiny, tiny, np.zeros(3), tiny[:, None], far, 2.2e-16, 0, far)
    keys = [guess.key for guess in rougher_guesses(col, lambda index: "x")]
    assert not [key for key in keys if "power" in key]


SHIFTED = {"a": "2*a*g", "b": "3*b**2", "c": "cos(c)", "d": "exp(d)", "g": "a**2"}
FIVE: Mapping[str, Shape] = dict.fromkeys("abcdg", ())
AT_FIVE = [[0.7, 1.3, -0.4, 0.9, 1.6], [-1.1, 0.6, 0.8, -0.3, 0.5], [0.4, -0.8, 1.9, 1.2, -0.7]]


def test_a_wrong_component_beside_a_shifted_run_is_told_by_itself() -> None:
    claim = {**SHIFTED, "a": "3*b**2", "b": "cos(c)", "g": "-a**2"}
    found = diagnosis("a**2*g + b**3 + sin(c) + exp(d)", SHIFTED, claim, AT_FIVE, FIVE)
    told = {d.fault: [c.variable for c in d.components] for d in found}
    assert told == {Fault.OFF_BY_ONE_INDEX: ["a", "b"], Fault.SIGN: ["g"]}


def test_what_comes_in_at_the_end_of_a_shifted_run_belongs_to_it() -> None:
    claim = {**SHIFTED, "a": "3*b**2", "b": "cos(c)", "c": "0"}
    found = only(diagnosis("a**2*g + b**3 + sin(c) + exp(d)", SHIFTED, claim, AT_FIVE, FIVE))
    assert (found.fault, [c.variable for c in found.components]) == (Fault.OFF_BY_ONE_INDEX, ["a", "b", "c"])


WEIGHTED = "sum([[1, 2, 3], [4, 5, 6], [7, 8, 9]]*sin(W))"
BLOCK = ["cos(W[0, 0])", "2*cos(W[0, 1])", "3*cos(W[0, 2])", "4*cos(W[1, 0])", "5*cos(W[1, 1])", "6*cos(W[1, 2])"]
BLOCK += ["7*cos(W[2, 0])", "8*cos(W[2, 1])", "9*cos(W[2, 2])"]
AT_NINE = [[0.1 * i + 0.2 * i % 7 for i in range(1, 10)], [(-1.3) ** i / 4 for i in range(9)]]


def as_block(order: list[int]) -> dict[str, str]:
    rows = [", ".join(BLOCK[i] for i in order[k : k + 3]) for k in (0, 3, 6)]
    return {"W": "[" + ", ".join(f"[{row}]" for row in rows) + "]"}


@pytest.mark.parametrize(
    ("order", "fault"),
    [([0, 3, 6, 1, 4, 7, 2, 5, 8], Fault.TRANSPOSED), ([0, 3, 2, 1, 4, 5, 6, 7, 8], Fault.SWAPPED_COMPONENTS)],
)
def test_two_entries_that_are_exchanged_make_no_transposed_matrix(order: list[int], fault: Fault) -> None:
    shapes: Mapping[str, Shape] = {"W": (3, 3)}
    assert only(diagnosis(WEIGHTED, as_block(list(range(9))), as_block(order), AT_NINE, shapes)).fault is fault


def test_a_claim_that_is_not_finite_is_quoted_where_it_is_not() -> None:
    truth = {"x": "2*x", "y": "3*y**2"}
    claim = {"x": "2*x + 0/(y - 2)", "y": "3*y**2 + 0/(x - 1)"}
    found = only(diagnosis("x**2 + y**3", truth, claim, [[1.0, 3.0], [3.0, 2.0], [0.5, 0.7]]))
    assert found.fault is Fault.NON_FINITE
    assert found.message.endswith("not finite at points where f is, as ∂f/∂y is nan at (1, 3)")


def test_a_claim_that_is_not_finite_at_one_point_is_told_with_all_its_values_there() -> None:
    truth = {"x": "2*x", "y": "3*y**2"}
    claim = {"x": "2*x + 0/(y - 3)", "y": "3*y**2 + 1/(x - 1)"}
    found = only(diagnosis("x**2 + y**3", truth, claim, [[1.0, 3.0], [0.5, 0.7]]))
    assert found.message.endswith("the claim is inf or nan at (1, 3), where f is finite")


BRANCHES = "where(x > 1, x**2 + y, 2*x - 1 + y)"


def test_a_branch_without_a_factor_lacks_no_inner_derivative_that_is_the_same_all_over_it() -> None:
    truth = {"x": "where(x > 1, 2*x, 2)", "y": "1"}
    points = [[0.3, 0.5], [2.0, 1.0], [3.0, 1.0], [-1.0, 2.0]]
    found = only(diagnosis(BRANCHES, truth, {**truth, "x": "where(x > 1, 2*x, 1)"}, points))
    assert found.fault is Fault.WRONG_BRANCH
    assert "right where x > 1" in found.message


@pytest.mark.parametrize(("claim", "fault"), [("0.3", Fault.UNKNOWN), ("0.3*cos(x*y)", Fault.MISSING_CHAIN_FACTOR)])
def test_a_claim_that_is_a_constant_lacks_no_factor_but_for_a_constant(claim: str, fault: Fault) -> None:
    truth = {"x": "y*cos(x*y)", "y": "x*cos(x*y)"}
    assert only(diagnosis("sin(x*y)", truth, {**truth, "x": claim})).fault is fault


def test_a_constant_that_is_off_is_not_told_as_the_sign_of_itself() -> None:
    truth = {"x": "log(x/2) + 1", "y": "1"}
    found = only(diagnosis("x*log(x/2) + y", truth, {**truth, "x": "log(x/2) + 1.1"}, [[1.3, 0.7], [0.4, 2.1]]))
    assert (found.fault, found.message) == (Fault.CONSTANT_OFFSET, "∂f/∂x: off by the constant +0.1")


def test_entries_that_are_off_by_one_factor_are_quoted_by_their_own_values() -> None:
    truth = {"x": "1.5", "y": "-1.5"}
    points = [[1.3, 0.7], [-0.4, 2.1], [0.2, -0.3]]
    found = diagnosis("1.5*(x - y)", truth, {"x": "1.25", "y": "-1.25"}, points)
    assert not any("1.25 stands" in d.message and len(d.components) > 1 for d in found)


@pytest.mark.parametrize(
    ("inner", "slope", "claim", "words"),
    [
        ("x", "1 - tanh(x)**2", "1", "the derivative of tanh in tanh(x), is missing"),
        ("x**2", "2*x*(1 - tanh(x**2)**2)", "1 - tanh(x**2)**2", "of the inner expression x**2, is missing"),
    ],
)
def test_a_term_as_a_whole_is_no_inner_expression_of_itself(inner: str, slope: str, claim: str, words: str) -> None:
    truth = {"x": f"y*cos(x*y) + {slope}", "y": "x*cos(x*y)"}
    found = only(diagnosis(f"sin(x*y) + tanh({inner})", truth, {**truth, "x": f"y*cos(x*y) + {claim}"}))
    assert found.message.endswith(words)


def test_a_term_inside_of_a_square_is_no_term_of_f() -> None:
    truth = {"x": "2*(x**2 - sin(x)*y)*(2*x - cos(x)*y)", "y": "-2*(x**2 - sin(x)*y)*sin(x)"}
    found = only(diagnosis("(x**2 - sin(x)*y)**2", truth, {**truth, "x": "4*x*(x**2 - sin(x)*y)"}))
    assert "the part of the derivative that goes through the term sin(x)*y is missing" in found.message


@pytest.mark.parametrize(("second", "fault"), [("2*w[1]", Fault.MEAN_VS_SUM), ("2*w[1]/5", Fault.FACTOR)])
def test_one_of_the_entries_of_an_array_is_no_sum_for_a_mean(second: str, fault: Fault) -> None:
    shapes: Mapping[str, Shape] = {"w": (5,)}
    others = "2*w[2]/5, 2*w[3]/5, 2*w[4]/5" if fault is Fault.FACTOR else "2*w[2], 2*w[3], 2*w[4]"
    points = [[0.3, -1.2, 0.7, 2.1, -0.4], [1.1, 0.2, -0.9, 0.5, 1.7]]
    claim = {"w": f"[2*w[0], {second}, {others}]"}
    assert only(diagnosis("mean(w**2)", {"w": "2*w/5"}, claim, points, shapes)).fault is fault
