"""Which Python functions spell a formula, and which."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradverify.core.variables import Variables
from gradverify.expression.text import to_text
from gradverify.functions.expressions import function_from_expression
from gradverify.functions.formulas import formula_of

PAIR = Variables.of([("p", (2,))])
SCALARS = Variables.of([("x", ()), ("y", ())])
WEIGHTS = np.array([2.0, 3.0])
RATE = 0.5


def squashed(z: Any) -> Any:
    """A helper."""
    return 1 / (1 + np.exp(-z))


def unpacks(p: Any) -> Any:
    x, y = p
    return x**2 * np.exp(-y)


def loops(p: Any) -> Any:
    total = 0.0
    for i in range(len(p) - 1):
        total += (p[i + 1] - p[i]) ** 2
    return total


def assembles(p: Any) -> Any:
    d = np.zeros_like(p)
    d[0] += 2 * p[0]
    d[-1] = math.sin(p[1])
    return d


def branches(p: Any) -> Any:
    if p[0] > 0:
        return p[0] ** 2
    return -p[1]


def decides(p: Any) -> Any:
    total = 0.0
    for i in range(3):
        if i == 1:
            total += p[0] ** i
        else:
            total += p[1] if i > 1 else 2.0 * 0.7 * p[1]
    return total


def chooses(p: Any) -> Any:
    a, total = p[0], 0.0
    if p[1] > 0:
        a = p[1]
    else:
        total = 2.0
    return a + total


def gathers(p: Any) -> Any:
    out = []
    for item in reversed(p):
        out.append(item * RATE)  # noqa: PERF401 - it is such code that is read
    return np.stack(out)


def fills(p: Any) -> Any:
    d = np.empty(3)
    d[:2] = p
    d[2:] = 1.0
    return d


def imports(p: Any) -> Any:
    import math as m

    return m.exp(p[0])


def sums(p: Any) -> Any:
    return sum(w * v for w, v in zip([1, 2], p, strict=True))


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (unpacks, "p[0]**2*exp(-p[1])"),
        (loops, "(p[1] - p[0])**2"),
        (assembles, "[2*p[0], sin(p[1])]"),
        (branches, "where(p[0] > 0, p[0]**2, -p[1])"),
        (decides, "2.0*0.7*p[1] + p[0]**1 + p[1]"),
        (chooses, "where(p[1] > 0, p[1], p[0]) + where(p[1] > 0, 0.0, 2.0)"),
        (gathers, "[p[1]*RATE, p[0]*RATE]"),
        (lambda p: np.hstack([p, 2 * p])[1:3], "concatenate([p, 2*p])[1:3]"),
        (lambda p: np.sum(np.diff(p)) + np.deg2rad(p[0]), "sum(p[1:] - p[:-1]) + p[0]*(pi/180)"),
        (lambda p: np.cross([p[0], p[1], 1], [0, 0, 2])[0], "p[1]*2 - 1*0"),
        (imports, "exp(p[0])"),
        (fills, "[p[0], p[1], 1.0]"),
        (lambda p: np.sum(p.reshape(1, -1) @ np.reshape(p, (2, 1))), "sum(reshape(p, (1, 2)) @ reshape(p, (2, 1)))"),
        (sums, "1*p[0] + 2*p[1]"),
        (lambda p: RATE * np.sum(WEIGHTS * p) + np.linalg.norm(p), "RATE*sum(WEIGHTS*p) + norm(p)"),
        (lambda p: squashed(p @ WEIGHTS), "1/(1 + exp(-(p @ WEIGHTS)))"),
        (lambda p: p.sum() * p.T.dot(p) / p.shape[0], "sum(p)*(p @ p)/2"),
        (lambda p: np.pi * p[:1].mean(), "pi*mean(p[:1])"),
    ],
)
def test_code_is_read_as_the_formula_that_it_spells(function: Callable[..., Any], formula: str) -> None:
    found = formula_of(function, PAIR, {})
    assert found is not None
    assert to_text(found.trees[0]) == formula


def test_arrays_of_the_module_become_constants() -> None:
    found = formula_of(lambda p: p @ WEIGHTS, PAIR, {})
    assert found is not None
    assert found.constants["WEIGHTS"] is WEIGHTS


def test_a_result_for_each_variable_becomes_a_tree_for_each() -> None:
    found = formula_of(lambda x, y: (y, x), SCALARS, {}, by_variable=True)
    assert found is not None
    assert [to_text(tree) for tree in found.trees] == ["y", "x"]


def test_a_part_of_a_pair_is_read_by_itself() -> None:
    found = formula_of(lambda p: (p @ p, 2 * p), PAIR, {}, part=1)
    assert found is not None
    assert to_text(found.trees[0]) == "2*p"


def unknown_steps(p: Any) -> Any:
    total = p[0]
    while total < 10:
        total = total * 2
    return total


def catches(p: Any) -> Any:
    try:
        return p[0]
    except ValueError:
        return p[1]


def writes(p: Any) -> Any:
    p[0] = 1.0
    return p[0]


def endless(p: Any) -> Any:
    return endless(p)


def huge(p: Any) -> Any:
    for _ in range(1000):
        p = p * p + p
    return p[0]


@pytest.mark.parametrize(
    "function",
    [
        unknown_steps, catches, writes, endless, huge, np.sum, str.upper,
        lambda p: np.sort(p)[0],
        lambda p: p[p > 0].sum(),
        lambda p: open(p[0]),  # noqa: SIM115 - it is never run
        lambda *p: p[0],
        lambda p: p.no_such_thing,
        lambda p: 9**9**9**9 * p[0],
    ],
)  # fmt: skip
def test_other_code_spells_none(function: Callable[..., Any]) -> None:
    assert formula_of(function, PAIR, {}) is None


def test_nothing_of_the_code_is_run() -> None:
    calls: list[Any] = []

    def counted(p: Any) -> Any:
        calls.append(p)
        return p

    assert formula_of(lambda p: counted(p) + p[0], PAIR, {}) is None
    assert calls == []


DATA = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.3]])
LABELS = np.array([0, 1, 1])
WEIGHT_AND_BIAS = Variables.of([("w", (2, 2)), ("b", (2,))])


def by_name(w: Any, b: Any) -> Any:
    grads = {"b": 3 * b}
    grads["w"] = 2 * w
    grads["w"] += w
    return grads


def by_keyword(w: Any, b: Any) -> Any:
    parameters = dict(weights=w, bias=b)  # noqa: C408 - one of the ways to write it
    return [parameters["weights"] * 2, parameters["bias"]]


def keeps_axes(w: Any, b: Any) -> Any:
    size = np.sum(w * w, axis=1, keepdims=True)
    return [w / size, b[None, :] @ w[:, np.newaxis, 0]]


def cross_entropy_scores(w: Any, b: Any) -> Any:
    scores = DATA @ w + b
    scores -= scores.max(axis=1, keepdims=True)
    d = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    d[np.arange(3), LABELS] -= 1
    return {"w": DATA.T @ d, "b": d.sum(axis=0)}


def picks_labels(w: Any, b: Any) -> Any:
    scores = DATA @ w + b
    return np.sum(scores[range(3), LABELS])


def masks(w: Any, b: Any) -> Any:
    h = DATA @ w + b
    d = h * 2
    d[h <= 0] = 0
    return [DATA.T @ d, d.sum(axis=0)]


@pytest.mark.parametrize("function", [by_name, by_keyword, keeps_axes, cross_entropy_scores, picks_labels, masks])
def test_what_layers_are_written_with_is_read(function: Callable[..., Any]) -> None:
    found = formula_of(function, WEIGHT_AND_BIAS, {}, by_variable=True)
    assert found is not None
    rng = np.random.default_rng(0)
    w, b = rng.normal(size=(2, 2)), rng.normal(size=2)
    raw = function(w.copy(), b.copy())
    wanted = [raw["w"], raw["b"]] if isinstance(raw, dict) else raw if isinstance(raw, list) else [raw]
    for tree, value in zip(found.trees, wanted, strict=True):
        made = function_from_expression(tree, WEIGHT_AND_BIAS, found.constants)
        got = made.evaluate(np.concatenate([w.ravel(), b])[None]).values[0]
        np.testing.assert_allclose(np.ravel(got), np.ravel(value), rtol=1e-12)


def lacks_a_name(w: Any, b: Any) -> Any:
    return {"w": 2 * w}


def other_rows(w: Any, b: Any) -> Any:
    scores = DATA @ w + b
    return np.sum(scores[LABELS, LABELS])


def computed_key(w: Any, b: Any) -> Any:
    return dict.fromkeys(("w", "b"), 2)


@pytest.mark.parametrize("function", [lacks_a_name, other_rows, computed_key])
def test_what_is_no_formula_by_name_or_by_label_is_not_read(function: Callable[..., Any]) -> None:
    assert formula_of(function, WEIGHT_AND_BIAS, {}, by_variable=True) is None
