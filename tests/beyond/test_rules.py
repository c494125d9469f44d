"""Rules: composites of the parts' claims are verified, the part to blame is named, and what does not fit is a fault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradverify.core.problem import Function
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.parse import parse_expression
from gradverify.expression.substitute import substitute
from gradverify.functions import rules
from gradverify.functions.build import load
from gradverify.spec.parse import parse_specs
from tests.beyond.support import QUICK, checks, faults, run

PARTS = """\
name: f
variables: [x, y]
function: x**2 + 3*x*y
gradient: [2*x + 3*y, 3*x]
points: [[1, 2]]
---
name: g
variables: [x, y]
constants: {a: 2}
function: sin(a*x) + y**2
gradient: [a*cos(a*x), 2*y]
points: [[1, 2]]
---
name: of-y
variables: [y]
constants: {a: 5}
function: a*y**3
gradient: [3*a*y**2]
points: [[2]]
---
name: g-wrong
variables: [x, y]
function: sin(x) + y**2
gradient: [cos(x), y]
points: [[1, 2]]
---
name: wrong-on-purpose
variables: [x, y]
function: x*y
gradient: [x, y]
points: [[1, 2]]
expect: fail
---
name: polar
variables: [r, phi]
function: [r*cos(phi), r*sin(phi)]
jacobian: [[cos(phi), -r*sin(phi)], [sin(phi), r*cos(phi)]]
points: [[2, 0.5]]
---
name: polar-wrong
variables: [r, phi]
function: [r*cos(phi), r*sin(phi)]
jacobian: [[cos(phi), -sin(phi)], [sin(phi), r*cos(phi)]]
points: [[2, 0.5]]
---
name: of-a-vector
variables: {p: 2}
function: p[0]**2 + 3*p[1]
gradient: ['2*p[0]', 3]
points: [[1, 2]]
---
name: of-three
variables: {p: 3}
function: sum(p)
gradient: [1, 1, 1]
points: [[1, 2, 3]]
"""
F, G = '"parts.yaml::f"', '"parts.yaml::g"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parts.yaml").write_text(PARTS)
    return tmp_path


def rule(kind: str, of: str, more: str = "", points: str = "[1, 2], [2, -0.7]") -> str:
    return f"name: rule\nrule: {kind}\nof: [{of}]\npoints: [{points}]\n{more}"


@pytest.mark.parametrize(
    "text",
    [
        rule("linear-combination", f"{F}, {G}", "weights: [2, -3]\n"),
        rule("linear-combination", f"{F}"),
        rule("linear-combination", '"parts.yaml::polar", "parts.yaml::polar"', "weights: [0.5, 2]\n"),
        rule("linear-combination", f'{F}, {G}, "parts.yaml::of-y"'),
        rule("product", f"{F}, {G}"),
        rule("product", f'{F}, {G}, "parts.yaml::of-y"'),
        rule("product", f"{F}, {G}", "function: (x**2 + 3*x*y)*(sin(2*x) + y**2)\n"),
        rule("product", f"{F}, {F}", "gradient: [2*(x**2 + 3*x*y)*(2*x + 3*y), 6*x*(x**2 + 3*x*y)]\n"),
        rule("chain", f'{F}, "parts.yaml::polar"'),
        rule("chain", '"parts.yaml::polar", "parts.yaml::polar"'),
        rule("chain", '"parts.yaml::of-a-vector", "parts.yaml::polar"'),
        rule("chain", f'"parts.yaml::of-y", {G}'),
    ],
)
def test_a_composite_of_right_parts_passes(text: str, folder: Path) -> None:
    result = run(text, folder / "rule.yaml")
    assert (result.verdict, result.reason) == (Verdict.PASS, None)
    assert any((name or "").startswith("part ") for name in checks(result, "rule"))


@pytest.mark.parametrize(
    "text",
    [
        rule("linear-combination", f'{F}, {G}, "parts.yaml::of-y"', "weights: [2, -3, 0.5]\n"),
        rule("product", f'{F}, {G}, "parts.yaml::of-y"'),
        rule("chain", f'{F}, "parts.yaml::polar"'),
        rule("chain", '"parts.yaml::polar", "parts.yaml::polar"'),
        rule("linear-combination", '"parts.yaml::polar", "parts.yaml::polar-wrong"'),
    ],
)
def test_the_composites_claim_as_one_expression_is_the_parts_claims_put_together(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = np.random.default_rng(0).normal(size=(5, 2))

    def claim() -> Function:
        (spec,), _ = parse_specs(text, str(folder / "rule.yaml"), kinds=("python",))
        composite = load(spec, {}, points).composite
        assert composite is not None
        return composite.claim

    whole = claim()
    monkeypatch.setattr(rules, "MOST_ENTRIES", 0)
    piecewise = claim()
    assert (whole.kind, piecewise.kind) == ("expression", "rule")
    assert whole.evaluate(points).values == pytest.approx(piecewise.evaluate(points).values)


@pytest.mark.parametrize(
    ("kind", "of"), [("product", f"{F}, {G}"), ("chain", '"parts.yaml::round", "parts.yaml::polar"')]
)
def test_a_composite_of_expressions_is_proved(kind: str, of: str, folder: Path) -> None:
    more = "---\nname: round\nvariables: {p: 2}\nfunction: sum(p**2)\ngradient: 2*p\npoints: [[1, 2]]\n"
    (folder / "parts.yaml").write_text(PARTS + more)
    result = run(rule(kind, of), folder / "rule.yaml", replace(QUICK, backends=("sympy", "autodiff")))
    assert (result.verdict, result.evidence) == (Verdict.PASS, Evidence.PROVED)


def test_a_part_whose_claim_has_another_shape_fails_with_both_shapes(folder: Path) -> None:
    flat = (
        "---\nname: flat\nvariables: [r, phi]\nfunction: [r, phi, r*phi]\n"
        "jacobian: [[1, 0, phi], [0, 1, r]]\npoints: [[1, 2]]\n"
    )
    (folder / "parts.yaml").write_text(PARTS + flat)
    result = run(rule("linear-combination", '"parts.yaml::flat"'), folder / "rule.yaml")
    assert result.verdict is Verdict.FAIL
    assert "the claimed jacobian has shape (2, 3), expected (3, 2): it is transposed" in (result.reason or "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            rule("linear-combination", f'{F}, "parts.yaml::g-wrong"'),
            "the linear combination has a wrong gradient: the part to blame is parts.yaml::g-wrong, line 21, whose"
            " ∂f/∂y is 2 at (1, 2) and should be 4",
        ),
        (
            rule("product", f'{F}, "parts.yaml::g-wrong"'),
            "the product has a wrong gradient: the part to blame is parts.y",
        ),
        (
            rule("chain", f'{F}, "parts.yaml::polar-wrong"'),
            "the chain f(g(x)) has a wrong gradient: the part to blame is parts.yaml::polar-wrong",
        ),
        (rule("product", f'{F}, "parts.yaml::wrong-on-purpose"'), "the part to blame is parts.yaml::wrong-on-purpose"),
        (
            rule("product", f"{F}, {G}", "function: x**2 + 3*x*y + sin(2*x) + y**2\n"),
            "the parts are right where it is wrong; `function` is another one than they make",
        ),
    ],
)
def test_a_wrong_composite_fails_and_names_what_is_to_blame(text: str, words: str, folder: Path) -> None:
    result = run(text, folder / "rule.yaml")
    assert result.verdict is Verdict.FAIL
    assert words in (result.reason or "")


def test_a_wrong_part_without_weight_fails_though_the_composite_is_right(folder: Path) -> None:
    result = run(rule("linear-combination", f'{F}, "parts.yaml::g-wrong"', "weights: [1, 0]\n"), folder / "rule.yaml")
    found = checks(result, "rule")
    assert result.verdict is Verdict.FAIL
    assert found["linear-combination"].verdict is Verdict.PASS
    assert found["part parts.yaml::g-wrong"].verdict is Verdict.FAIL
    assert found["part parts.yaml::f"].verdict is Verdict.PASS


def test_a_part_that_is_wrong_on_purpose_is_wrong_for_a_rule_as_well(folder: Path) -> None:
    result = run(rule("product", f'{F}, "parts.yaml::wrong-on-purpose"'), folder / "rule.yaml")
    reason = checks(result, "rule")["part parts.yaml::wrong-on-purpose"].reason
    assert "wrong on purpose (`expect: fail`)" in (reason or "")


def test_a_gradient_of_its_own_is_judged_beside_the_rules(folder: Path) -> None:
    result = run(rule("product", f"{F}, {G}", "gradient: [(2*x + 3*y)*2*cos(2*x), 3*x*2*y]\n"), folder / "rule.yaml")
    assert result.verdict is Verdict.FAIL
    assert checks(result, "rule")["product"].verdict is Verdict.PASS
    assert {c.verdict for c in result.checks if c.kind == "gradient"} == {Verdict.FAIL}


def test_a_rule_of_a_rule_blames_the_part_at_the_bottom(folder: Path) -> None:
    (folder / "inner.yaml").write_text(
        rule("linear-combination", f'{F}, "parts.yaml::g-wrong"').replace("name: rule", "name: inner")
    )
    result = run(rule("product", f"inner.yaml, {F}"), folder / "rule.yaml")
    assert result.verdict is Verdict.FAIL
    assert "the part to blame is parts.yaml::g-wrong" in (result.reason or "")


def test_a_rule_has_descents_and_properties_like_any_spec(folder: Path) -> None:
    more = "properties: [directional]\ndescent: [{start: [1, 1], learning_rate: 0.01, max_iterations: 5}]\n"
    result = run(rule("linear-combination", f"{F}, {G}", more), folder / "rule.yaml")
    assert result.verdict is Verdict.PASS
    assert result.descent[0].iterations == 5


PYTHON = """\
import numpy as np
def f(x): return x**2
def g(x): return 2*x
def v(x): return np.array([x, x**2, x**3])
def jv(x): return np.array([[1], [2*x], [3*x**2]])
"""


@pytest.fixture
def python_parts(folder: Path) -> Path:
    (folder / "code.py").write_text(PYTHON)
    (folder / "h.yaml").write_text(
        'variables: [x]\nfunction: {python: "code.py:f"}\ngradient: {python: "code.py:g"}\npoints: [[1]]\n'
    )
    (folder / "v.yaml").write_text(
        'variables: [x]\nfunction: {python: "code.py:v"}\njacobian: {python: "code.py:jv"}\npoints: [[1]]\n'
    )
    return folder


@pytest.mark.parametrize(
    "text",
    [
        rule("product", "h.yaml, h.yaml", points="[0.5], [2]"),
        rule("chain", '"parts.yaml::of-three", v.yaml', points="[0.5], [2]"),
        rule("linear-combination", "h.yaml, h.yaml", "weights: [1, 2]\n", "[0.5], [2]"),
    ],
)
def test_parts_in_python_make_composites_too(text: str, python_parts: Path) -> None:
    assert run(text, python_parts / "rule.yaml").verdict is Verdict.PASS


def test_shapes_that_only_running_shows_not_to_fit_are_an_error_in_words(python_parts: Path) -> None:
    result = run(rule("chain", f"{F}, v.yaml", points="[0.5]"), python_parts / "rule.yaml")
    assert result.verdict is Verdict.ERROR
    assert "the part parts.yaml::f takes 2 numbers, the part v.yaml returns 3 (shape (3,))" in (result.reason or "")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (rule("product", f"none.yaml, {F}"), "missing-file", "there is no file none.yaml"),
        (rule("product", f"parts.yaml, {F}"), "bad-part", "parts.yaml holds 9 specs; say which: `parts.yaml::f`"),
        (rule("product", f'{F}, "parts.yaml::ff"'), "bad-part", "no spec named `ff`; did you mean `f`?"),
        (
            rule("product", f'"parts.yaml::polar", {F}'),
            "bad-part",
            "a product's parts are numbers; parts.yaml::polar has 2",
        ),
        (
            rule("chain", '"parts.yaml::of-three", "parts.yaml::polar"'),
            "bad-part",
            "parts.yaml::of-three takes 3 numbers, parts.yaml::polar has 2 values",
        ),
        (
            rule("linear-combination", f'{F}, "parts.yaml::polar"', "variables: [x, y, r, phi]\n", "[1, 2, 3, 4]"),
            "bad-part",
            "parts.yaml::f has 1 value, parts.yaml::polar has 2 values",
        ),
        (
            rule("linear-combination", f"{F}, {G}", "variables: [x]\n", "[1]"),
            "bad-part",
            "parts.yaml::f has the variable `y`, which this spec has not",
        ),
        (rule("product", f"rule.yaml, {F}"), "bad-part", "the rule refers to itself: rule.yaml → rule.yaml"),
        (
            rule("product", f"round.yaml, {F}"),
            "bad-part",
            "the rule refers to itself: rule.yaml → round.yaml → rule.yaml",
        ),
        (rule("product", f"broken.yaml, {F}"), "bad-part", "broken.yaml is no sound spec: line 2: "),
        (rule("product", f"claimless.yaml, {F}"), "bad-part", "claimless.yaml claims no derivative"),
    ],
)
def test_a_part_that_cannot_be_used_is_a_fault_at_its_place(text: str, code: str, words: str, folder: Path) -> None:
    (folder / "rule.yaml").write_text(text)
    (folder / "round.yaml").write_text(rule("product", f"rule.yaml, {F}").replace("name: rule", "name: round"))
    (folder / "broken.yaml").write_text("variables: [x, y]\nfunction: x +\ngradient: [1, 0]\n")
    (folder / "claimless.yaml").write_text("variables: [x, y]\nfunction: x + y\n")
    found = [fault for fault in faults(text, folder / "rule.yaml") if words in fault.message]
    assert found
    assert {(fault.code, fault.place.line) for fault in found} == {(code, 3)}


def test_a_ladder_of_rules_that_all_use_the_next_one_twice_is_read_at_once(folder: Path) -> None:
    for level in range(7):
        below = f"level{level + 1}.yaml" if level < 6 else '"parts.yaml::f"'
        text = rule("linear-combination", ", ".join([below] * 9)).replace("name: rule", f"name: level{level}")
        (folder / f"level{level}.yaml").write_text(text)
    assert not faults((folder / "level0.yaml").read_text(), folder / "level0.yaml")  # 9**7 parts one by one


@pytest.mark.parametrize(
    "text", ["x + y*x", "where(x > y, x, sin(y))", "sum([x, y, x*y])", "[x, y, 2][1] + exp(x)", "dot([x, y], [y, x])"]
)
def test_a_substituted_expression_is_the_composed_function(text: str) -> None:
    shapes: dict[str, tuple[int, ...]] = {"x": (), "y": ()}
    inner = {"x": parse_expression("y**2", shapes), "y": parse_expression("x - 1", shapes)}
    points = np.array([[0.3, 2.0], [-1.5, 0.25]])

    def value(tree: object, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray(evaluate_tree(tree, {"x": x, "y": y}, NUMPY, 2, {}))  # type: ignore[arg-type]

    tree = parse_expression(text, shapes)
    x, y = points.T
    assert value(substitute(tree, inner), x, y) == pytest.approx(value(tree, y**2, x - 1))
