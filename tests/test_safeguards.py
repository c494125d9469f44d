"""Bounds that keep a logarithm or a denominator from where it has no value, and claims that know nothing of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import of_code, result_of

LEFT_OUT = "keeps the function from where it has no value"
CLIPPED = "clip(sigmoid(z), 1e-7, 1 - 1e-7)"


def judged(function: str, claim: str, points: str, variables: str = "[z]", more: str = "") -> tuple[Verdict, bool]:
    """The verdict, and whether points were left out."""
    result = result_of(f"variables: {variables}\nfunction: '{function}'\ngradient: {claim}\npoints: {points}\n{more}")
    return result.verdict, any(LEFT_OUT in note for note in result.notes)


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        ("-log(clip(sigmoid(z), 1e-15, 1 - 1e-15))", "sigmoid(z) - 1"),
        (f"-log({CLIPPED})", "sigmoid(z) - 1"),
        (f"-log(1 - {CLIPPED})", f"{CLIPPED} - 0"),  # a bound of the claim's own
        (f"-log({CLIPPED})", f"{CLIPPED} - 1"),
        ("-log(minimum(maximum(sigmoid(z), 1e-7), 1 - 1e-7))", "sigmoid(z) - 1"),
        ("log(maximum(z, 1e-12))", "1/z"),
        ("log(maximum(z, 1e-12))", "1/maximum(z, 1e-12)"),
        ("log(maximum(z, eps))", "1/z"),
        ("sqrt(maximum(z**2 - 0.01, 1e-10))", "z/sqrt(z**2 - 0.01)"),
        ("z/maximum(abs(z), 1e-8) + z", "1"),
        ("log(where(z < 1e-7, 1e-7, z))", "1/z"),
        ("log(where(z > 0, z, 1e-12))", "1/z"),
        ("z*log(where(z == 0, 1e-12, z))", "log(z) + 1"),
        ("arccos(clip(z, -1 + 1e-7, 1 - 1e-7))", "-1/sqrt(1 - z**2)"),
        ("log(1 + exp(-clip(z, -50, 50)))", "-1/(1 + exp(z))"),
        ("log(1 + exp(minimum(z, 500)))", "1/(1 + exp(-z))"),
    ],
)
def test_the_gradient_without_a_safeguard_passes_with_a_note(function: str, claim: str) -> None:
    verdict, noted = judged(function, f"['{claim}']", "[[0.3], [0.9]]", more="constants: {eps: 1e-12}")
    assert verdict is Verdict.PASS
    assert noted or "abs" in function  # x/|x| is flat: only 0 itself differs, and is a kink without the bound


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        (f"-log({CLIPPED})", "1 - sigmoid(z)"),
        (f"-log({CLIPPED})", "2*(sigmoid(z) - 1)"),
        ("-log(clip(sigmoid(z), 1e-7, 0.99))", "sigmoid(z) - 1"),  # only one of the bounds is a safeguard
        ("log(maximum(z, 1e-2))", "1/z"),
        ("clip(z, -1, 1)**2", "2*z"),
        ("clip(z, -50, 50)**2", "2*z"),
        ("clip(z, -60, 60)**2 + log(1 + exp(-clip(z, -50, 50)))", "2*z - 1/(1 + exp(z))"),
        ("log(1 + exp(-clip(z, -5, 5)))", "-1/(1 + exp(z))"),
        ("log(1 + exp(-clip(z, -50, 50)))", "-1/(1 + exp(z))*where(z < -60, 2, 1)"),
        ("maximum(z, 0)**2 + log(1 + z**2)", "2*z + 2*z/(1 + z**2)"),
        ("minimum(z, 6)", "1"),
        ("maximum(z, 1e-9)", "1"),  # a hinge: no part of it has no value below
        ("log(1 + maximum(z, 1e-9))", "1/(1 + z)"),
        ("where(z < 1e-9, 0, z)", "1"),
        ("where(z > 0, z, 1e-12)", "1"),
        ("log(where(z > 0, z, 1))", "1/z"),
        ("log(where(z > 0, z, 1e-12))", "2/z"),
        ("log(where(z > 0, z, 1e-12)) + z**2", "1/z + 2*abs(z)"),
        (f"-log({CLIPPED})", "where(z < -16.118095550958319, -3, sigmoid(z) - 1)"),  # a branch at the border
        (f"2*z - log({CLIPPED})", "where(sigmoid(z) < 1e-7, 0, sigmoid(z) + 1)"),
        (f"-log({CLIPPED})", "where(z < -25, 2, 1)*(sigmoid(z) - 1)"),  # and one elsewhere
    ],
)
def test_what_is_no_safeguard_or_wrong_in_both_senses_fails(function: str, claim: str) -> None:
    assert judged(function, f"['{claim}']", "[[0.3], [0.9]]") == (Verdict.FAIL, False)


@pytest.mark.parametrize(
    ("function", "claim", "verdict"),
    [
        ("log(maximum(z, 1e-12)) + z**2", "1/z + 2*z", Verdict.PASS),
        ("log(maximum(z, 1e-12)) + z**2", "1/z + where(z < -3, 4, 2)*z", Verdict.FAIL),
        ("log(maximum(z, 1e-12)) + z**2", "1/z + 2*z + 5*maximum(-z, 0)", Verdict.FAIL),
        ("log(maximum(z, 1e-12)) + z**2", "1/z + 2*abs(z)", Verdict.FAIL),
        ("log(maximum(z, 1e-12)) + z**2", "1/abs(z) + 2*z", Verdict.FAIL),
        ("log10(maximum(z - 1, 1e-12)) + exp(z)", "1/((z - 1)*log(10)) + exp(z)", Verdict.PASS),
        ("log10(maximum(z - 1, 1e-12)) + exp(z)", "1/((z - 1)*log(10)) + exp(abs(z))", Verdict.FAIL),
        ("sqrt(maximum(z, 1e-12)) + z**2", "0.5/sqrt(z) + 2*z", Verdict.PASS),
        ("sqrt(maximum(z, 1e-12)) + z**2", "0.5/sqrt(abs(z)) + where(z < -3, 4, 2)*z", Verdict.FAIL),
    ],
)
def test_where_f_has_no_value_without_its_bound_a_claim_is_its_formulas_derivative(
    function: str, claim: str, verdict: Verdict
) -> None:
    found = judged(function, f"['{claim}']", "[[1.3], [2.9]]")
    assert found == (verdict, verdict is Verdict.PASS)


@pytest.mark.parametrize(("more", "verdict"), [("", Verdict.PASS), (" + 0.2*z*(z - y < -0.2)", Verdict.FAIL)])
def test_a_claim_that_is_wrong_at_some_of_the_guarded_points_only_is_found(more: str, verdict: Verdict) -> None:
    claim = f"['-1/(z - y)**2 + 2*z{more}', '1/(z - y)**2 + cos(y)']"
    points = "[[1.5, 0.4], [2.3, 1.1], [0.9, -0.6]]"
    found = judged("1/maximum(z - y, 1e-9) + z**2 + sin(y)", claim, points, "[z, y]")
    assert found == (verdict, verdict is Verdict.PASS)


def test_an_entropy_is_told_in_one_note() -> None:
    text = "variables: {p: 4}\nfunction: '-sum(p*log(maximum(p, 1e-12)))'\ngradient: {p: '-log(p) - 1'}\n"
    result = result_of(text + "points: [{p: [0.1, 0.2, 0.3, 0.4]}]\n")
    assert (result.verdict, [LEFT_OUT in note for note in result.notes]) == (Verdict.PASS, [True])


def test_among_many_variables_one_that_is_wrong_only_where_f_has_no_value_is_found() -> None:
    variables = "{x: [40]}"
    claim, wrong = "1/x + 2*x", "1/x + 2*x + 3*minimum(x, 0)*(cumsum(ones(40)) == 17)"
    points = "[" + str([round(0.5 + i / 40, 3) for i in range(40)]) + "]"
    function = "sum(log(maximum(x, 1e-12))) + sum(x**2)"
    assert judged(function, f"{{x: '{claim}'}}", points, variables) == (Verdict.PASS, True)
    assert judged(function, f"{{x: '{wrong}'}}", points, variables)[0] is Verdict.FAIL


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        ("exp(0.05*clip(z, -40, 40))", "0.05*exp(0.05*z)"),  # exp(2) is far from an overflow
        ("log(2 + clip(z, 1e-7, 1 - 1e-7))", "1/(2 + z)"),
        ("sqrt(1 + clip(z, 1e-7, 1 - 1e-7))", "0.5/sqrt(1 + z)"),
    ],
)
def test_a_saturation_that_keeps_f_from_no_edge_is_a_part_of_f(function: str, claim: str) -> None:
    assert judged(function, f"['{claim}']", "[[0.3], [0.9]]") == (Verdict.FAIL, False)


RIDGE = """
X = np.array([[0.6, -1.2, 0.3], [0.3, 0.5, -1.0], [-1.2, 0.4, 0.9], [1.0, 0.2, 0.7]])
Y = np.array([0.0, 1.0, 0.0, 1.0])
def f(w):
    p = np.clip(1/(1 + np.exp(-X @ w)), 1e-12, 1 - 1e-12)
    return np.mean(-Y*np.log(p) - (1 - Y)*np.log(1 - p)) + 0.1*w @ w
def g(w):
    p = 1/(1 + np.exp(-X @ w))
    return X.T @ (p - Y)/4 + {ridge}*w
"""


@pytest.mark.parametrize(("ridge", "verdict"), [("0.2", Verdict.PASS), ("0.1", Verdict.FAIL)])
def test_a_clipped_logistic_loss_with_a_ridge_is_left_out_where_some_samples_are_saturated(
    tmp_path: Path, ridge: str, verdict: Verdict
) -> None:
    points = "[{w: [0.7, -1.3, 0.2]}, {w: [-0.2, 0.9, 1.4]}]"
    assert of_code(tmp_path, RIDGE.format(ridge=ridge), points, "{w: 3}").verdict is verdict


@pytest.mark.parametrize(
    ("points", "verdict", "noted"),
    [("[[2e-7], [5e-7]]", Verdict.FAIL, False), ("[[0.2], [0.5]]", Verdict.PASS, True)],
)
def test_a_bound_of_the_size_of_the_listed_values_is_a_part_of_f(points: str, verdict: Verdict, noted: bool) -> None:
    domain = "domain: {z: [1e-8, 1]}\n"
    assert judged("1/maximum(z, 1e-7)", "['-1/z**2']", points, more=domain) == (verdict, noted)


NO_FORMULA = """
def f(x):
    k = 0
    while k < 1:
        k += 1
    return {function}
def g(x):
    return {claim}
"""


@pytest.mark.parametrize(
    ("function", "claim", "points", "verdict"),
    [
        ("np.clip(x, 1e-7, 1 - 1e-7)**2", "2*x", "[0.3, 0.9]", Verdict.FAIL),
        ("np.maximum(x, 1e-9) / -3.0", "-1/3", "[0.3, 0.9]", Verdict.FAIL),
        ("np.maximum(x, 1e-9) + 1/(np.cos(x) - 20)", "1 + np.sin(x)/(np.cos(x) - 20)**2", "[0.3, 0.9]", Verdict.FAIL),
        ("0.0 if x < 1e-9 else x / -2.0", "-0.5", "[0.3, 0.9]", Verdict.FAIL),
        ("np.exp(0.05*np.clip(x, -40, 40))", "0.05*np.exp(0.05*x)", "[0.3, 0.9]", Verdict.FAIL),
        ("1/np.maximum(x, 1e-7)", "-1/x**2", "[2e-7, 5e-7]", Verdict.FAIL),
        ("np.log(np.maximum(x, 1e-7))", "1/x", "[0.3, 0.9]", Verdict.PASS),
        ("np.log(np.maximum(x, 1e-7)) / -3.0", "-1/(3*x)", "[0.3, 0.9]", Verdict.PASS),
        ("np.log(np.maximum(x, 1e-7)) + x**2", "1/x + 2*x", "[0.3, 0.9]", Verdict.PASS),
        ("np.log(np.maximum(x, 1e-7)) + x**2", "1/x + np.where(x < -3, 4, 2)*x", "[0.3, 0.9]", Verdict.FAIL),
        ("math.log(max(x, 1e-7)) + x**2", "1/x + 2*x", "[0.3, 0.9]", Verdict.PASS),
        ("np.maximum(x, 1e-9)**1.5 + x**3", "1.5*np.sqrt(x) + 3*x**2", "[1.08, 1.45, 1.41]", Verdict.PASS),
        ("math.log(max(x, 1e-7)) + x**2", "1/x + 2*abs(x)", "[0.3, 0.9]", Verdict.FAIL),
        ("float(np.log(np.clip(x, 1e-7, None))) + x**2", "1/x + 2*x", "[0.3, 0.9]", Verdict.PASS),
        ("float(np.log(np.clip(x, 1e-7, None))) + x**2", "1/x + 2*x + 5*max(-x, 0)", "[0.3, 0.9]", Verdict.FAIL),
        ("np.log(1 + np.exp(np.clip(x, -50, 50)))", "1/(1 + np.exp(-x))", "[0.3, 0.9]", Verdict.PASS),
    ],
)
def test_bounds_in_code_are_safeguards_where_they_keep_it_from_an_edge(
    tmp_path: Path, function: str, claim: str, points: str, verdict: Verdict
) -> None:
    result = of_code(tmp_path, NO_FORMULA.format(function=function, claim=claim), points)
    assert result.verdict is verdict
    assert any(LEFT_OUT in note for note in result.notes) is (verdict is Verdict.PASS)


def test_the_gradient_of_the_bound_is_right_as_well() -> None:
    masked = "where((sigmoid(z) < 1e-7) | (sigmoid(z) > 1 - 1e-7), 0, sigmoid(z) - 1)"
    assert judged(f"-log({CLIPPED})", f"['{masked}']", "[[0.3], [0.9]]") == (Verdict.PASS, False)


def test_a_listed_point_is_judged() -> None:
    assert judged(f"-log({CLIPPED})", "['sigmoid(z) - 1']", "[[0.3], [-20]]")[0] is Verdict.FAIL


def test_one_component_that_is_wrong_in_both_senses_is_found_beside_one_that_is_excused() -> None:
    function = f"-log({CLIPPED}) + y**2"
    claim = "['sigmoid(z) - 1', 'where(z < -20, 3, 2)*y']"
    assert judged(function, claim, "[[0.3, 1], [0.9, 2]]", "[z, y]") == (Verdict.FAIL, False)


CODE = """
X = np.array([[1.0, 2.0], [0.5, -1.0], [-1.5, 0.3], [0.2, 0.8]])
Y = np.array([1.0, 0.0, 1.0, 0.0])
EPS = {eps}
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def f(w):
    p = np.clip(sigmoid(X @ w), EPS, 1 - EPS)
    return -np.mean(Y * np.log(p) + (1 - Y) * np.log(1 - p))
def g(w):
    return {claim}
"""


@pytest.mark.parametrize(
    ("eps", "claim", "verdict", "noted"),
    [
        ("1e-15", "X.T @ (sigmoid(X @ w) - Y) / 4", Verdict.PASS, True),
        ("1e-2", "X.T @ (sigmoid(X @ w) - Y) / 4", Verdict.FAIL, False),
        ("1e-15", "X.T @ (sigmoid(X @ w) - Y) / 3", Verdict.FAIL, False),
        ("1e-15", "X.T @ (sigmoid(X @ w) - Y) / 4 * (1 if abs(w[0]) < 20 else 1.5)", Verdict.FAIL, False),
    ],
)
def test_code_is_read_as_well(tmp_path: Path, eps: str, claim: str, verdict: Verdict, noted: bool) -> None:
    result = of_code(tmp_path, CODE.format(eps=eps, claim=claim), "[[0.3, 1], [-0.2, 0.1]]", "{w: 2}")
    assert result.verdict is verdict
    assert any(LEFT_OUT in note for note in result.notes) is noted


LOGISTIC = """
X = np.array([[1.0, 2.0], [0.5, -1.0], [-1.5, 0.3], [0.2, 0.8]])
Y = np.array([1.0, 0.0, 1.0, 0.0])
class Model:
    eps = 1e-15
    def p(self, w):
        return np.clip(sigmoid(X @ w), self.eps, 1 - self.eps)
    def loss(self, w):
        return entropy(self.p(w))
def entropy(p):
    return -np.mean(Y * np.log(p) + (1 - Y) * np.log(1 - p))
def sigmoid(z):
    out = np.empty_like(z)
    out[z >= 0] = 1 / (1 + np.exp(-z[z >= 0]))
    out[z < 0] = np.exp(z[z < 0]) / (1 + np.exp(z[z < 0]))
    return out
def g(w):
    return {claim}
"""
RIGHT = "X.T @ (sigmoid(X @ w) - Y) / 4"
MASKS = """
def f(w):
    p = sigmoid(np.asarray(w, dtype=float) @ X.T)
    p[p < 1e-12] = 1e-12
    p[p > 1 - 1e-12] = 1 - 1e-12
    return entropy(p)
"""
BRANCHES = """
def f(w):
    total = 0.0
    for z, y in zip(X @ w, Y):
        p = 1 / (1 + math.exp(-float(z)))
        if p < 1e-15:
            p = 1e-15
        elif p > 1 - 1e-15:
            p = 1 - 1e-15
        total -= y * math.log(p) + (1 - y) * math.log(1 - p)
    return total / 4
"""
OVERFLOW = """
def f(w):
    z = np.array([min(max(float(v), -50), 50) for v in X @ w])
    return np.mean(np.log(1 + np.exp(-z)) + (1 - Y) * z)
"""
OWN_BRANCH = "X.T @ np.where(sigmoid(X @ w) > 1 - 1e-15, 3.0, sigmoid(X @ w) - Y) / 4"


@pytest.mark.parametrize(
    ("function", "claim", "verdict", "noted"),
    [
        ("f = Model().loss", RIGHT, Verdict.PASS, True),
        (MASKS, RIGHT, Verdict.PASS, True),
        (BRANCHES, RIGHT, Verdict.PASS, True),
        ("f = Model().loss", RIGHT + " + 0.1", Verdict.FAIL, False),
        ("Model.eps = 1e-2\nf = Model().loss", RIGHT, Verdict.FAIL, False),
        (MASKS.replace("1e-12", "1e-7"), RIGHT, Verdict.PASS, True),  # log(1 − p) has few digits left without it
        (MASKS.replace("1e-12", "0.01"), RIGHT, Verdict.FAIL, False),
        (OVERFLOW, RIGHT, Verdict.PASS, True),
        (OVERFLOW.replace("50", "5"), RIGHT, Verdict.FAIL, False),
        ("f = Model().loss", OWN_BRANCH, Verdict.FAIL, False),
        ("def f(w):\n    return entropy(sigmoid(X @ w)) + np.maximum(1e-9, w[0] + 2)", RIGHT, Verdict.FAIL, False),
    ],
)
def test_code_that_spells_no_formula_is_called_without_its_safeguards(
    tmp_path: Path, function: str, claim: str, verdict: Verdict, noted: bool
) -> None:
    code = LOGISTIC.format(claim=claim) + function
    if "w[0] + 2" in function:  # a hinge that is active at the listed points
        code = code.replace("/ 4", "/ 4 + np.array([1.0, 0.0])")
    result = of_code(tmp_path, code, "[[0.3, 1], [-0.2, 0.1]]", "{w: 2}")
    assert result.verdict is verdict
    assert any(LEFT_OUT in note for note in result.notes) is noted


def test_a_loop_that_ends_by_a_small_number_has_no_safeguard(tmp_path: Path) -> None:
    code = """
def f(x):
    y = x + 1.0
    while True:
        step = (y * y - x) / (2 * y)
        y = y - step
        if abs(step) < 1e-13:
            return y * max(x - 2, 0)
def g(x):
    return x ** 0.5 + (x - 2) / (2 * x ** 0.5)
"""
    result = of_code(tmp_path, code, "[3.0, 4.0]", more="domain: {x: [0.5, 9]}\n")
    assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [("1/p", Verdict.PASS), ("1/p + where(p > 2, 1, 0)", Verdict.FAIL), ("1/maximum(p, 1e-12)", Verdict.PASS)],
)
def test_one_bounded_entry_does_not_excuse_the_others(claim: str, verdict: Verdict) -> None:
    points = "[[0.3, 0.9, 1, 0.2, 0.4, 0.8, 1.1, 0.5], [0.9, 0.7, 1.2, 0.6, 0.4, 1.8, 0.1, 1.5]]"
    assert judged("sum(log(maximum(p, 1e-12)))", f'"{claim}"', points, "{p: 8}")[0] is verdict


def test_a_factor_of_what_is_bounded_is_excused_with_it() -> None:
    function, points = "-y*log(where(z < 1e-7, 1e-7, z))", "[[0.3, 1], [0.6, 2]]"
    assert judged(function, "['-y/z', '-log(z)']", points, "[z, y]")[0] is Verdict.PASS
    assert judged(function, "['-y/z', '-log(z)*where(y > 3, 2, 1)']", points, "[z, y]")[0] is Verdict.FAIL


@pytest.mark.parametrize(
    ("claim", "verdict"), [("1 / p", Verdict.PASS), ("1 / p + np.where(p > 2, 1, 0)", Verdict.FAIL)]
)
def test_nor_does_it_in_code(tmp_path: Path, claim: str, verdict: Verdict) -> None:
    code = f"""
def f(p):
    p = np.array(p)
    p[p < 1e-12] = 1e-12
    return np.sum(np.log(p))
def g(p):
    return {claim}
"""
    points = "[[0.3, 0.9, 1, 0.2, 0.4, 0.8, 1.1, 0.5], [0.9, 0.7, 1.2, 0.6, 0.4, 1.8, 0.1, 1.5]]"
    assert of_code(tmp_path, code, points, "{p: 8}").verdict is verdict


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("{p: w/sum(w), w: p/sum(w) - sum(w*p)/sum(w)**2}", Verdict.PASS),
        ("{p: w/abs(sum(w)), w: p/sum(w) - sum(w*p)/sum(w)**2}", Verdict.FAIL),
        ("{p: 'w/sum(w)*where(sum(w) > 0, 1, 2)', w: p/sum(w) - sum(w*p)/sum(w)**2}", Verdict.FAIL),
    ],
)
def test_a_share_of_a_bounded_sum_has_to_do_with_it(claim: str, verdict: Verdict) -> None:
    found = judged("sum(w*p)/maximum(sum(w), 1e-12)", claim, "[[0.7, 2, 1, 3]]", "{p: 2, w: 2}")
    assert found == (verdict, verdict is Verdict.PASS)


@pytest.mark.parametrize(
    ("claim", "verdict"), [("-1/p", Verdict.PASS), ("-1/p - 0.5*where(p > 2.4, one, 0)", Verdict.FAIL)]
)
def test_among_very_many_variables_a_bounded_entry_excuses_itself_alone(claim: str, verdict: Verdict) -> None:
    one = [0.0] * 300
    one[7] = 1.0
    points = [[0.5 + i / 300 for i in range(300)]]
    more = f"constants: {{one: {one}}}\nsearch: {{evaluations: 2000}}"
    found = judged("-sum(log(maximum(p, 1e-12)))", f"'{claim}'", str(points), "{p: 300}", more)
    assert found == (verdict, verdict is Verdict.PASS)
