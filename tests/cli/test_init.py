"""`gradverify init --from-function` writes a spec that fits the function."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.cli.drafts import MOST_LISTED, Draft, drafts
from gradverify.cli.parameters import Shape, shape_of
from gradverify.cli.signatures import signature_of
from tests.cli.support import gradverify

LETTERS = "abcdefghijklm"
shapes = st.lists(st.lists(st.integers(1, 4), max_size=2).map(tuple), min_size=1, max_size=8)


@given(shapes)
def test_every_draft_has_its_point_inside_its_domain_and_no_two_components_equal(given_shapes: list[Shape]) -> None:
    for draft in drafts(LETTERS[: len(given_shapes)], given_shapes):
        point = draft.point()
        assert (point is None) == (draft.size > MOST_LISTED)
        numbers = ast.literal_eval(point) if point is not None else []
        assert all(draft.interval[0] < number < draft.interval[1] for number in numbers)
        assert len(set(numbers)) == len(numbers)


@given(shapes)
def test_the_likeliest_draft_comes_first_and_none_comes_twice(given_shapes: list[Shape]) -> None:
    made: list[Draft] = list(drafts(LETTERS[: len(given_shapes)], given_shapes))
    assert made[0].shapes == tuple(given_shapes)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("def f(x): return x**2", ()),
        ("def f(x): return max(x, 1)", ()),
        ("def f(x: float): return np.sum(x)", ()),
        ("def f(x: 'NDArray[np.float64]'): return g(x)", (3,)),
        ("def f(x):\n  a, b = x\n  return a * b", (2,)),
        ("def f(x): return x[0] * x[4]", (5,)),
        ("def f(x): return sum(v**2 for v in x)", (3,)),
        ("def f(x): return np.linalg.norm(x)", (3,)),
        ("def f(x): return x[1:, 0] @ x[:-1, 1]", (3, 3)),
        ("def f(x): return np.linalg.det(x)", (3, 3)),
        ("def f(x): return x.T @ x", (3, 3)),
        ("def f(x):\n  '''x: data, shape (4, 2)'''\n  return g(x)", (4, 2)),
        ("def f(x):\n  '''x: a number, shape ()'''\n  return np.sum(x)", ()),
    ],
)
def test_the_shape_of_a_parameter_is_read_from_its_use(text: str, shape: Shape) -> None:
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    assert shape_of(function, "x", alone=True) == shape


@pytest.mark.parametrize(
    ("text", "names", "keywords"),
    [
        ("def f(x, y, scale=2): ...", ("x", "y"), ()),
        ("def f(x=1, y=2): ...", ("x", "y"), ()),
        ("def f(x, *, a, b=1): ...", ("x",), ("a",)),
        ("def f(x, /, y): ...", ("x", "y"), ()),
    ],
)
def test_what_has_a_default_is_left_out_unless_all_have(
    tmp_path: Path, text: str, names: tuple[str, ...], keywords: tuple[str, ...]
) -> None:
    (tmp_path / "m.py").write_text(text)
    signature = signature_of("m.py:f", tmp_path)
    assert signature is not None
    assert (signature.parameters, signature.keywords) == (names, keywords)


LOGS = "\n\n\n".join(
    f"def logs{n}({', '.join(LETTERS[:n])}):\n"
    f"    return {' + '.join(f'{i + 1} * math.log({LETTERS[i]})' for i in range(n))}"
    f"\n\n\ndef logs{n}_gradient({', '.join(LETTERS[:n])}):\n"
    f"    return [{', '.join(f'{i + 1} / {LETTERS[i]}' for i in range(n))}]"
    for n in (4, 8)
)
FUNCTIONS = f"""import math
import numpy as np


{LOGS}


def layer(W, b, x, *, scale):
    return scale * float(np.sum(np.tanh(W @ x + b)))


def layer_gradient(W, b, x, *, scale):
    d = scale * (1 - np.tanh(W @ x + b) ** 2)
    return [np.outer(d, x), d, W.T @ d]


def narrow(x, y):
    return math.asin(x) * math.atanh(y)


def narrow_gradient(x, y):
    return [math.atanh(y) / math.sqrt(1 - x * x), math.asin(x) / (1 - y * y)]


def wrong(x):
    return np.sum(x**3)


def wrong_gradient(x):
    return 2 * x**2


def refuses(x):
    raise ValueError("no data")


def refuses_gradient(x):
    return x
"""


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("logs4", 0, "variables: [a, b, c, d]"),
        ("logs8", 0, "variables: [a, b, c, d, e, f, g, h]"),
        ("layer", 0, "variables: {W: [3, 3], b: 3, x: 3}"),
        ("narrow", 0, "domain: {x: [0.1, 0.9], y: [0.1, 0.9]}"),
        ("wrong", 1, "variables: {x: 3}"),
    ],
)
def test_the_spec_of_a_function_runs_and_passes_if_its_gradient_is_right(
    tmp_path: Path, name: str, code: int, words: str
) -> None:
    (tmp_path / "m.py").write_text(FUNCTIONS)
    made = gradverify("init", "s.yaml", "--from-function", f"m.py:{name}", cwd=tmp_path)
    assert made.returncode == 0
    assert "does not run" not in made.stdout
    assert words in (tmp_path / "s.yaml").read_text()
    assert gradverify("run", "s.yaml", "--no-cache", cwd=tmp_path).returncode == code


def test_a_function_that_no_guess_fits_is_written_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(FUNCTIONS)
    made = gradverify("init", "s.yaml", "--from-function", "m.py:refuses", cwd=tmp_path)
    assert made.returncode == 0
    assert "it does not run yet: the function failed at (1.6): ValueError: no data" in made.stdout
