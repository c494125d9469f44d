"""What differentiates by itself is found in a submission's text where the answer is made of it, and nowhere else."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gradverify.expression.text import to_text
from gradverify.grading.bench import Bench
from gradverify.grading.claim import Caller, Seat
from gradverify.grading.derivative import DerivativeGrading
from gradverify.grading.model import FlagKind, QuestionResult, Status, SubmissionLimits
from gradverify.grading.source import file
from gradverify.grading.source.text import MOST_CHARACTERS, Text
from gradverify.grading.traced import MOST_SECONDS, Handed
from gradverify.spec.model import ExpressionSource
from tests.grading.support import InProcess, bench_in
from tests.grading.test_cheats import RIGHT_SPECS

HEAD = """\
import numpy as np


def f(x, y):
    return x**2 + 3 * x * y + np.sin(y)


"""
RIGHT = "def grad(x, y):\n    return np.array([2 * x + 3 * y, 3 * x + np.cos(y)])\n"

DIFFERENCES = {
    "central, h 1e-3": """
        def grad(x, y, h=1e-3):
            return [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]""",
    "written out": """
        def grad(x, y):
            return [(f(x + 1e-4, y) - f(x - 1e-4, y)) / 2e-4, (f(x, y + 1e-4) - f(x, y - 1e-4)) * 5000]""",
    "one component only": """
        def grad(x, y):
            return np.array([2 * x + 3 * y, (f(x, y + 1e-7) - f(x, y)) / 1e-7])""",
    "rounded": """
        def grad(x, y):
            h = 1e-4
            g = [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]
            return np.round(g, 6)""",
    "Richardson": """
        def d(g, h):
            return (g(h) - g(-h)) / (2 * h)

        def better(g, h=1e-2):
            return (4 * d(g, h / 2) - d(g, h)) / 3

        def grad(x, y):
            return [better(lambda t: f(x + t, y)), better(lambda t: f(x, y + t))]""",
    "Ridders": """
        def slope(g):
            h, before = 0.1, []
            for _ in range(3):
                row = [(g(h) - g(-h)) / (2 * h)]
                for j, old in enumerate(before):
                    row.append((4 ** (j + 1) * row[j] - old) / (4 ** (j + 1) - 1))
                before, h = row, h / 2
            return before[-1]

        def grad(x, y):
            return [slope(lambda t: f(x + t, y)), slope(lambda t: f(x, y + t))]""",
    "five points": """
        def slope(g):
            h = 1e-3
            v = [g(k * h) for k in (-2, -1, 1, 2)]
            return (v[0] - 8 * v[1] + 8 * v[2] - v[3]) / (12 * h)

        def grad(x, y):
            return [slope(lambda t: f(x + t, y)), slope(lambda t: f(x, y + t))]""",
    "one buffer in a loop": """
        def grad(x, y):
            p, g, h = np.array([x, y]), np.zeros(2), 1e-4
            for i in range(2):
                p[i] += h
                up = f(*p)
                p[i] -= 2 * h
                down = f(*p)
                p[i] += h
                g[i] = (up - down) / (2 * h)
            return g""",
    "a step that follows x": """
        def grad(x, y):
            p, g = np.array([x, y]), []
            for i in range(2):
                h = np.cbrt(np.finfo(float).eps) * max(1, abs(p[i]))
                e = np.zeros(2)
                e[i] = h
                g.append((f(*(p + e)) - f(*(p - e))) / (2 * h))
            return np.array(g)""",
    "the formula inside": """
        def grad(x, y):
            h = 1e-6
            return [((x + h)**2 + 3 * (x + h) * y - (x**2 + 3 * x * y)) / h, 3 * x + np.cos(y)]""",
    "a class": """
        class Slope:
            def __init__(self):
                self.h = 1e-5

            def along(self, g):
                out = g(self.h) - g(-self.h)
                out /= 2 * self.h
                return out

        def grad(x, y):
            s = Slope()
            return [s.along(lambda t: f(x + t, y)), s.along(lambda t: f(x, y + t))]""",
    "NumPy's gradient of samples": """
        def grad(x, y):
            h = 1e-4
            t = h * np.arange(-2, 3)
            return [np.gradient(f(x + t, y), h)[2], np.gradient(f(x, y + t), h)[2]]""",
    "a complex step": """
        def grad(x, y):
            h = 1e-20
            return [f(x + 1j * h, y).imag / h, f(x, y + 1j * h).imag / h]""",
    "the chain rule by differences": """
        def grad(x, y):
            h = 1e-6
            return [2 * x + 3 * y, 3 * x + (np.sin(y + h) - np.sin(y - h)) / (2 * h)]""",
}
AUTODIFF = {
    "dual numbers": """
        class Dual:
            def __init__(self, v, d=0.0):
                self.v, self.d = v, d

            def __add__(self, other):
                other = other if isinstance(other, Dual) else Dual(other)
                return Dual(self.v + other.v, self.d + other.d)

            def __mul__(self, other):
                other = other if isinstance(other, Dual) else Dual(other)
                return Dual(self.v * other.v, self.v * other.d + self.d * other.v)

            __rmul__ = __mul__

        def sin(a):
            return Dual(np.sin(a.v), np.cos(a.v) * a.d)

        def own(x, y):
            return x * x + 3 * x * y + sin(y)

        def grad(x, y):
            return [own(Dual(x, 1.0), Dual(y)).d, own(Dual(x), Dual(y, 1.0)).d]""",
    "a tape": """
        class Value:
            def __init__(self, data, parents=()):
                self.data, self.grad, self.parents, self.back = data, 0.0, parents, lambda: None

            def __add__(self, other):
                out = Value(self.data + other.data, (self, other))
                def back():
                    self.grad += out.grad
                    other.grad += out.grad
                out.back = back
                return out

            def __mul__(self, other):
                out = Value(self.data * other.data, (self, other))
                def back():
                    self.grad += other.data * out.grad
                    other.grad += self.data * out.grad
                out.back = back
                return out

            def sin(self):
                out = Value(np.sin(self.data), (self,))
                def back():
                    self.grad += np.cos(self.data) * out.grad
                out.back = back
                return out

            def backward(self):
                order, seen = [], set()
                def visit(v):
                    if v not in seen:
                        seen.add(v)
                        for p in v.parents:
                            visit(p)
                        order.append(v)
                visit(self)
                self.grad = 1.0
                for v in reversed(order):
                    v.back()

        def grad(x, y):
            a, b = Value(x), Value(y)
            (a * a + Value(3.0) * a * b + b.sin()).backward()
            return [a.grad, b.grad]""",
}
HONEST = {
    "a formula": RIGHT,
    "a check beside it": """
        def grad(x, y):
            g, h = np.array([2 * x + 3 * y, 3 * x + np.cos(y)]), 1e-5
            n = np.array([(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)])
            assert np.allclose(g, n, rtol=1e-6, atol=1e-6)
            return g""",
    "differences where the check fails": """
        def grad(x, y):
            g, h = np.array([2 * x + 3 * y, 3 * x + np.cos(y)]), 1e-5
            n = np.array([(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)])
            return g if np.allclose(g, n) else n""",
    "a helper that nothing uses": """
        def numerical(x, y, h=1e-5):
            return [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]

        def grad(x, y):
            return [2 * x + 3 * y, 3 * x + np.cos(y)]""",
    "a helper that another question uses": """
        def slope(g, h=1e-5):
            return (g(h) - g(-h)) / (2 * h)

        def other(x):
            return slope(lambda t: f(x + t, 1.0))

        def grad(x, y):
            return [2 * x + 3 * y, 3 * x + np.cos(y)]""",
    "constants with few digits": """
        PI = 3.14159265

        def grad(x, y):
            return [2 * x + 3 * y, 3 * x + np.sin(PI / 2 - y)]""",
    "branches": """
        def sinc_like(t):
            if t == 0:
                return 1.0
            return np.sin(t) / t

        def grad(x, y):
            if x == 0 and y == 0:
                return np.array([0.0, 1.0])
            return np.array([2 * x + 3 * y, 3 * x + np.cos(y) + 0 * sinc_like(x)])""",
    "a number that keeps off 0": """
        def s(t):
            return 1 / (1 + np.exp(-t))

        def grad(x, y):
            eps = 1e-12
            one = (s(x) - s(y)) / (s(x) * (1 - s(x)) + eps)
            return [2 * x + 3 * y + 0 * one, 3 * x + np.cos(y)]""",
    "a hyperbolic tangent that keeps off 0": """
        def tanh(z):
            above, below = np.exp(z) - np.exp(-z), np.exp(z) + np.exp(-z) + 1e-12
            return above / below + 0.0

        def grad(x, y):
            return [2 * x + 3 * y, 3 * x + np.cos(y) + tanh(y) - np.tanh(y)]""",
    "a temperature": """
        def soft(z, tau):
            return np.exp(z / tau) / (1 + np.exp(z / tau))

        def grad(x, y, tau=0.1):
            zero = (soft(x, tau) - soft(x, tau)) / tau + (soft(1e-13, tau) - soft(0.0, tau)) / tau
            return [(2 * x + 3 * y) * (1 + zero), 3 * x + np.cos(y)]""",
    "complex numbers of one's own": """
        class Complex:
            def __init__(self, a, b):
                self.a, self.b = a, b

            def __add__(self, other):
                return Complex(self.a + other.a, self.b + other.b)

            def __mul__(self, other):
                return Complex(self.a * other.a - self.b * other.b, self.a * other.b + self.b * other.a)

        def grad(x, y):
            return [(Complex(2.0, 0.0) * Complex(x, 1.0)).a + 3 * y, 3 * x + np.cos(y)]""",
    "vectors of one's own": """
        class Vector:
            def __init__(self, *parts):
                self.parts = parts

            def __add__(self, other):
                return Vector(*(a + b for a, b in zip(self.parts, other.parts)))

            def __mul__(self, other):
                if isinstance(other, Vector):
                    a, b = self.parts, other.parts
                    return a[0] * b[0] + a[1] * b[1]
                return Vector(self.parts[0] * other, self.parts[1] * other)

        def grad(x, y):
            return [Vector(2.0, 3.0) * Vector(x, y), 3 * x + np.cos(y)]""",
    "complex exponentials": """
        def grad(x, y):
            k = 0.25
            wave = np.exp(1j * k * y)
            one = (wave.imag / k) * 0
            return [2 * x + 3 * y + one, 3 * x + np.exp(1j * y).real]""",
    "the product rule": """
        def grad(x, y):
            u, v, du, dv = x, x, 1.0, 1.0
            value = u * v
            return [u * dv + du * v + 3 * y, 3 * x + np.cos(y)]""",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return bench_in(tmp_path_factory.mktemp("traced"), forbid="[numerical-derivative, autodiff]")


def code(text: str) -> str:
    return HEAD + textwrap.dedent(text) + "\n"


def graded(bench: Bench, text: str, entry: str = "grad", seed: int = 7) -> QuestionResult:
    """What comes of a submission's text; it is the test's own, and runs here."""

    @contextlib.contextmanager
    def changed(texts: Mapping[str, str]) -> Iterator[Caller]:
        yield InProcess(functions(texts["hw.py"])[entry])

    handed = Handed(Text({"hw.py": text}), changed)
    seat = Seat(InProcess(functions(text)[entry]), entry, 60.0)
    grading = DerivativeGrading(bench, seat, SubmissionLimits(), seed, handed)
    grading.look()
    return grading.grade()


def functions(text: str) -> dict[str, Any]:
    module = ModuleType("hw")
    exec(text, module.__dict__)
    return module.__dict__


def kinds(result: QuestionResult) -> set[FlagKind]:
    return {flag.kind for flag in result.flags}


@pytest.mark.parametrize("text", DIFFERENCES.values(), ids=DIFFERENCES)
def test_differences_of_every_make_are_found_with_their_line(text: str, bench: Bench) -> None:
    result = graded(bench, code(text))
    assert kinds(result) == {FlagKind.NUMERICAL_DERIVATIVE}, result.staff
    assert "of hw.py, `" in result.flags[0].evidence
    assert result.status is Status.POLICY_VIOLATION


@pytest.mark.parametrize("text", AUTODIFF.values(), ids=AUTODIFF)
def test_numbers_that_carry_derivatives_are_found_with_their_line(text: str, bench: Bench) -> None:
    result = graded(bench, code(text))
    assert kinds(result) == {FlagKind.AUTODIFF}, result.staff
    assert "of hw.py, `" in result.flags[0].evidence


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_honest_twins_are_accused_of_nothing(text: str, bench: Bench) -> None:
    result = graded(bench, code(text))
    assert (kinds(result), result.status) == (set(), Status.OK), result.staff


def test_a_quotient_that_f_itself_is_made_of_may_stand_in_its_formula(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: (sin(x + 0.01) - sin(x)) / 0.01 + y**2\npoints: [[1.5, 2.25], [-0.75, 0.5]]\n"
    bench = bench_in(tmp_path, f"{spec}domain: {{x: [-3, 3], y: [-3, 3]}}\n", forbid="[numerical-derivative]")
    text = code("def grad(x, y):\n    return [(np.cos(x + 0.01) - np.cos(x)) / 0.01, 2 * y]")
    assert len(Text({"hw.py": text}).passages) == 1
    result = graded(bench, text)
    assert (kinds(result), result.status) == (set(), Status.OK), result.staff
    wrong = graded(bench, text.replace("[(np", "[-(np"))
    assert (kinds(wrong), wrong.status) == (set(), Status.PARTIAL), wrong.staff


def test_a_penalty_that_equals_a_large_steps_error_is_no_quotient(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: (x**4 + y**4)/4\npoints: [[1.5, 2.25], [-0.75, 0.5], [2, -1]]\n"
    bench = bench_in(tmp_path, f"{spec}domain: {{x: [-3, 3], y: [-3, 3]}}\n", forbid="[numerical-derivative]")
    own = "def f(x, y):\n    return (x**4 + y**4) / 4\n\n\n"
    wrong = graded(bench, own + "def grad(x, y):\n    return [x**3 + 1e-4 * x, y**3 + 1e-4 * y]\n")
    assert (kinds(wrong), wrong.status) == (set(), Status.WRONG), wrong.staff
    step = "def grad(x, y, h=0.01):\n    return [(f(x+h, y) - f(x-h, y)) / (2*h), (f(x, y+h) - f(x, y-h)) / (2*h)]\n"
    assert kinds(graded(bench, own + step)) == {FlagKind.NUMERICAL_DERIVATIVE}


def test_the_component_that_is_made_of_differences_is_named(bench: Bench) -> None:
    evidence = graded(bench, code(DIFFERENCES["one component only"])).flags[0].evidence
    assert "∂f/∂y is made of it" in evidence
    assert "∂f/∂x" not in evidence


def written_out(formula: ExpressionSource, names: tuple[str, ...], constants: tuple[str, ...]) -> str:
    """The instructor's formula as a student would write it."""
    parts = [formula.whole] if formula.whole is not None else list((formula.by_variable or {}).values())
    body = ", ".join(to_text(part) for part in parts if part is not None)
    return f"from numpy import *\n\ndef grad({', '.join((*names, *constants))}):\n    return {body}\n"


def test_no_right_formula_of_any_spec_looks_as_if_it_differentiated_by_itself() -> None:
    seen = 0
    for spec in RIGHT_SPECS:
        for formula in (spec.function, spec.gradient, spec.jacobian, spec.hessian):
            if not isinstance(formula, ExpressionSource):
                continue
            text = Text({"hw.py": written_out(formula, spec.variables.names, tuple(spec.constants))})
            seen += len(text.trees)
            assert text.passages == (), (spec.name, text.passages)
    assert seen > 100


@pytest.mark.parametrize(
    "text",
    ["(" * 5000, "-" * 100_000 + "1", "a" + ".b" * 100_000, "lambda:" * 50_000 + "1", "x = " + "1 + " * 50_000 + "1",
     "\0", "#" * (MOST_CHARACTERS + 1), "def f(:"],
)  # fmt: skip
def test_a_text_that_cannot_be_parsed_shows_nothing(text: str) -> None:
    assert Text({"hw.py": text}).passages == ()


def test_names_that_lead_to_one_another_without_end_are_given_up() -> None:
    many = "\n".join(f"a{i} = a{i - 1} + a{i - 2} + a{i + 1}(a{i}) / a{i - 3}" for i in range(3, 2000))
    assert Text({"hw.py": f"{many}\nx = (a9(1) - a8(2)) / a7\n"}).passages == ()
    assert Text({"hw.py": "h = h\nx = (f(h) - f(-h)) / h\n"}).passages == ()


def test_a_text_that_keeps_the_grader_busy_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = "a = b\nb = a\n" + "a = (a - b) / b\nb = (b - a) / a\n" * 200
    text = {"hw.py": f"h = 1e-5\ng = (f(1 + h) - f(1)) / h\n{busy}"}
    assert len(Text(text).passages) == 1
    monkeypatch.setattr(file, "MOST_WORK", 10)
    assert Text(text).passages == ()


def test_changed_copies_are_run_for_a_while_only(bench: Bench) -> None:
    opened = []

    @contextlib.contextmanager
    def changed(texts: Mapping[str, str]) -> Iterator[Caller]:
        opened.append(texts)
        yield InProcess(functions(texts["hw.py"])["grad"])

    text = code(DIFFERENCES["central, h 1e-3"])
    for spent, runs in ((MOST_SECONDS + 1, 0), (MOST_SECONDS / 2 + 1, 1), (0.0, 3)):
        opened.clear()
        seat = Seat(InProcess(functions(text)["grad"]), "grad", 60.0)
        grading = DerivativeGrading(bench, seat, SubmissionLimits(), 7, Handed(Text({"hw.py": text}), changed, spent))
        grading.look()
        grading.grade()
        assert len(opened) == runs


def test_a_helper_in_another_file_is_found(bench: Bench, tmp_path: Path) -> None:
    files = {"hw.py": "from tool import d\n", "tool.py": "def d(g, h=1e-5):\n    return (g(h) - g(-h)) / (2 * h)\n"}
    found = Text(files).passages
    assert [(p.file, p.line) for p in found] == [("tool.py", 2)]
    assert "tool.py" in Text(files).scaled(found, 2.0)
