"""What differentiates by itself is found in a submission's text where the answer is made of it, and nowhere else."""

from __future__ import annotations

import base64
import codecs
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
    "inline samples": """
        def grad(x, y):
            h = 1e-4
            t = h * np.arange(-2, 3)
            by_x = np.gradient((x + t)**2 + 3 * (x + t) * y, h)[2]
            return [by_x, np.gradient(3 * x * (y + t) + np.sin(y + t), h)[2]]""",
    "inline samples on their places": """
        def grad(x, y):
            xs, ys = np.linspace(x - 1e-4, x + 1e-4, 5), np.linspace(y - 1e-4, y + 1e-4, 5)
            return [np.gradient(xs**2 + 3 * xs * y, xs)[2], np.gradient(3 * x * ys + np.sin(ys), ys)[2]]""",
    "gradient by its own name": """
        from numpy import gradient, arange

        def grad(x, y):
            h = 1e-4
            t = h * arange(-2, 3)
            return [gradient(f(x + t, y), h)[2], gradient(f(x, y + t), h)[2]]""",
    "gradient divided later": """
        def grad(x, y):
            h = 1e-4
            t = h * np.arange(-2, 3)
            return [np.gradient(f(x + t, y))[2] / h, np.gradient(f(x, y + t))[2] / h]""",
    "np.diff": """
        def grad(x, y):
            h = 1e-4
            xs, ys = np.array([x - h, x + h]), np.array([y - h, y + h])
            return [(np.diff(f(xs, y)) / np.diff(xs))[0], (np.diff(f(x, ys)) / (2 * h))[0]]""",
    "a step that is halved": """
        def grad(x, y):
            h = 1.0
            while h > 1e-5:
                h /= 2
            return [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]""",
    "a step of the point's": """
        def grad(x, y):
            hx, hy = (abs(x) + 1) / 2**20, (abs(y) + 1) / 2**20
            return [(f(x + hx, y) - f(x - hx, y)) / (2 * hx), (f(x, y + hy) - f(x, y - hy)) / (2 * hy)]""",
    "a step that follows the point, and is never 0": """
        def grad(x, y):
            h, k = abs(x) * 1e-7 + 1e-7, 1e-7 * abs(y) + 1e-7
            return [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + k) - f(x, y - k)) / (2 * k)]""",
    "a step that a function finds": """
        def step(v):
            return np.finfo(float).eps ** 0.5 * max(1, abs(v))

        def grad(x, y):
            return [(f(x + step(x), y) - f(x, y)) / step(x), (f(x, y + step(y)) - f(x, y)) / step(y)]""",
    "a step that a function finds, kept": """
        def step(v):
            e = 1e-6
            return e if v > 0 else -e

        def grad(x, y):
            h, k = step(x), step(y)
            return [(f(x + h, y) - f(x, y)) / h, (f(x, y + k) - f(x, y)) / k]""",
    "a step with a sign": """
        def grad(x, y):
            h = 1e-6 if x > 0 else -1e-6
            return [(f(x + h, y) - f(x, y)) / h, (f(x, y + h) - f(x, y)) / h]""",
    "a step from a table": """
        SETTINGS = {"h": 1e-6, "order": 2}

        def grad(x, y):
            h = SETTINGS["h"]
            return [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]""",
    "one over many": """
        N = 1_000_000

        def grad(x, y):
            h = 1 / N
            return [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]""",
    "shifted bits": """
        def grad(x, y):
            h = 1 / (1 << 20)
            return [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]""",
    "a number in quotes": """
        def grad(x, y):
            h = float("1e-6")
            return [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]""",
    "the next number": """
        def grad(x, y):
            h = (np.nextafter(x, np.inf) - x) * 1e8
            k = (np.nextafter(y, np.inf) - y) * 1e8
            return [(f(x + h, y) - f(x, y)) / h, (f(x, y + k) - f(x, y)) / k]""",
    "each divided": """
        def grad(x, y):
            h = 1e-6
            return [f(x + h, y) / h - f(x, y) / h, f(x, y + h) / h - f(x, y) / h]""",
    "times the inverse": """
        def grad(x, y):
            h = 1e-6
            return [(f(x + h, y) - f(x, y)) * h**-1, np.multiply(f(x, y + h) - f(x, y), np.reciprocal(h))]""",
    "subtract": """
        def grad(x, y):
            h = 1e-6
            return [np.divide(np.subtract(f(np.add(x, h), y), f(x, y)), h), np.subtract(f(x, y + h), f(x, y)) / h]""",
    "a difference of its own": """
        def apart(g, h):
            return g(h) - g(-h)

        def grad(x, y):
            h = 1e-5
            return [apart(lambda t: f(x + t, y), h) / (2 * h), apart(lambda t: f(x, y + t), h) / (2 * h)]""",
    "weights": """
        STENCIL = [(-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12)]

        def grad(x, y):
            h = 1e-3
            by_x = sum(w * f(x + k * h, y) for k, w in STENCIL) / h
            return [by_x, sum(w * f(x, y + k * h) for k, w in STENCIL) / h]""",
    "weights in an array": """
        def grad(x, y):
            h = 1e-3
            w, k = np.array([1, -8, 8, -1]) / 12, np.array([-2, -1, 1, 2])
            return [w @ f(x + k * h, y) / h, np.dot(w, f(x, y + k * h)) / h]""",
    "a sum in a loop": """
        def slope(g, h=1e-5):
            total = 0.0
            for sign in (1, -1):
                total += sign * g(sign * h)
            return total / (2 * h)

        def grad(x, y):
            return [slope(lambda t: f(x + t, y)), slope(lambda t: f(x, y + t))]""",
    "a fitted polynomial": """
        def grad(x, y):
            t = np.linspace(-1e-2, 1e-2, 7)
            return [np.polyfit(t, f(x + t, y), 4)[-2], np.polyfit(t, f(x, y + t), 4)[-2]]""",
    "text that is run": """
        exec("def slope(g, h=1e-6):\\n    return (g(h) - g(-h)) / (2 * h)\\n")

        def grad(x, y):
            return [slope(lambda t: f(x + t, y)), slope(lambda t: f(x, y + t))]""",
    "an expression that is run": """
        def grad(x, y):
            h = 1e-6
            by_x = eval("(f(x + h, y) - f(x - h, y)) / (2 * h)")
            return [by_x, eval("(f(x, y + h) - f(x, y - h)) / (2 * h)", globals(), locals())]""",
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
    "dual numbers in tuples": """
        def add(a, b):
            return (a[0] + b[0], a[1] + b[1])

        def mul(a, b):
            return (a[0] * b[0], a[0] * b[1] + a[1] * b[0])

        def sin(a):
            return (np.sin(a[0]), np.cos(a[0]) * a[1])

        def own(x, y):
            return add(add(mul(x, x), mul((3.0, 0.0), mul(x, y))), sin(y))

        def grad(x, y):
            return [own((x, 1.0), (y, 0.0))[1], own((x, 0.0), (y, 1.0))[1]]""",
    "dual numbers unpacked": """
        def add(a, b):
            (u, du), (v, dv) = a, b
            return u + v, du + dv

        def mul(a, b):
            u, du = a
            v, dv = b
            value = u * v
            slope = u * dv + v * du
            return value, slope

        def sin(a):
            u, du = a
            return np.sin(u), du * np.cos(u)

        def own(x, y):
            return add(add(mul(x, x), mul((3.0, 0.0), mul(x, y))), sin(y))

        def grad(x, y):
            return [own((x, 1.0), (y, 0.0))[1], own((x, 0.0), (y, 1.0))[1]]""",
    "dual numbers in arrays": """
        def mul(a, b):
            return np.array([a[0] * b[0], a[0] * b[1] + b[0] * a[1]])

        def sin(a):
            return np.array([np.sin(a[0]), np.cos(a[0]) * a[1]])

        def own(x, y):
            return mul(x, x) + 3 * mul(x, y) + sin(y)

        def grad(x, y):
            return [own(np.array([x, 1.0]), np.array([y, 0.0]))[1], own(np.array([x, 0.0]), np.array([y, 1.0]))[1]]""",
    "dual numbers with a whole gradient": """
        def add(a, b):
            return a[0] + b[0], a[1] + b[1]

        def mul(a, b):
            return a[0] * b[0], a[0] * b[1] + b[0] * a[1]

        def sin(a):
            return np.sin(a[0]), np.cos(a[0]) * a[1]

        def grad(x, y):
            e = np.eye(2)
            a, b = (x, e[0]), (y, e[1])
            return add(add(mul(a, a), mul((3.0, np.zeros(2)), mul(a, b))), sin(b))[1]""",
    "dual numbers in dicts": """
        def add(a, b):
            return {"v": a["v"] + b["v"], "d": a["d"] + b["d"]}

        def mul(a, b):
            return {"v": a["v"] * b["v"], "d": a["v"] * b["d"] + a["d"] * b["v"]}

        def sin(a):
            return {"v": np.sin(a["v"]), "d": np.cos(a["v"]) * a["d"]}

        def own(x, y):
            return add(add(mul(x, x), mul({"v": 3.0, "d": 0.0}, mul(x, y))), sin(y))

        def grad(x, y):
            n = lambda v, d: {"v": v, "d": d}
            return [own(n(x, 1.0), n(y, 0.0))["d"], own(n(x, 0.0), n(y, 1.0))["d"]]""",
    "dual numbers with names": """
        from collections import namedtuple
        N = namedtuple("N", "value slope")

        def plus(a, b):
            return N(a.value + b.value, a.slope + b.slope)

        def times(a, b):
            return N(a.value * b.value, a.slope * b.value + a.value * b.slope)

        def sine(a):
            return N(np.sin(a.value), np.cos(a.value) * a.slope)

        def own(x, y):
            return plus(plus(times(x, x), times(N(3.0, 0.0), times(x, y))), sine(y))

        def grad(x, y):
            return [own(N(x, 1.0), N(y, 0.0)).slope, own(N(x, 0.0), N(y, 1.0)).slope]""",
    "dual numbers with methods": """
        class Number:
            def __init__(self, value, slope=0.0):
                self.value, self.slope = value, slope

            def plus(self, other):
                return Number(self.value + other.value, self.slope + other.slope)

            def times(self, other):
                return Number(self.value * other.value, self.slope * other.value + self.value * other.slope)

            def sine(self):
                return Number(np.sin(self.value), np.cos(self.value) * self.slope)

        def own(x, y):
            return x.times(x).plus(Number(3.0).times(x).times(y)).plus(y.sine())

        def grad(x, y):
            return [own(Number(x, 1.0), Number(y)).slope, own(Number(x), Number(y, 1.0)).slope]""",
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
    "the product rule by hand": """
        def product(u, du, v, dv):
            return u * v, u * dv + du * v

        def grad(x, y):
            return [product(x, 1.0, x, 1.0)[1] + 3 * y, 3 * x + np.cos(y)]""",
    "values and slopes in pairs, by hand": """
        def square(x):
            return x * x, 2 * x

        def grad(x, y):
            (a, da), (b, db) = square(x), (3 * x * y, 3 * y)
            value = a + b
            return [da + db, 3 * x + np.cos(y)]""",
    "complex numbers in pairs": """
        def add(a, b):
            return a[0] + b[0], a[1] + b[1]

        def mul(a, b):
            return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]

        def grad(x, y):
            return [mul((2.0, 0.0), (x, 1.0))[0] + 3 * y, add((3 * x, 0.0), (np.cos(y), 1.0))[0]]""",
    "fractions in pairs": """
        def add(a, b):
            return a[0] * b[1] + a[1] * b[0], a[1] * b[1]

        def mul(a, b):
            return a[0] * b[0], a[1] * b[1]

        def number(a):
            return a[0] / a[1]

        def grad(x, y):
            return [number(add(mul((2.0, 1.0), (x, 1.0)), (3 * y, 1.0))), 3 * x + np.cos(y)]""",
    "intervals in pairs": """
        def add(a, b):
            return a[0] + b[0], a[1] + b[1]

        def grad(x, y):
            return [add((2 * x, 2 * x), (3 * y, 3 * y))[0], 3 * x + np.cos(y)]""",
    "a mean of samples": """
        def grad(x, y):
            t = np.linspace(-1e-3, 1e-3, 5)
            return [np.mean(2 * (x + t) + 3 * y), 3 * x + np.cos(y)]""",
    "a ratio that is small": """
        def grad(x, y):
            n = 1000
            h = 1 / n
            return [(np.exp(np.log(abs(x)) + h) * np.exp(-h) * np.sign(x)) * 2 + 3 * y, 3 * x + np.cos(y)]""",
    "text that is run, and a formula": """
        exec("def two(x, y):\\n    return 2 * x + 3 * y\\n")

        def grad(x, y):
            return [two(x, y), eval("3 * x + np.cos(y)")]""",
    "a helper called gradient": """
        def gradient(x, h):
            return 2 * x + h

        def grad(x, y):
            h = 1e-6
            return [gradient(np.add(x, 0 * h), 3 * y), 3 * x + np.cos(y)]""",
    "a sum of alternating signs": """
        from math import factorial

        SERIES = [(2 * k + 1, (-1) ** k / factorial(2 * k + 1)) for k in range(12)]
        SIGNS = [1, -1]

        def sine(t):
            return sum(w * np.power(t, k) for k, w in SERIES)

        def grad(x, y):
            t = (y + np.pi / 2) / 4
            s = sine(t); c = np.cos(t)
            s2, c2 = 2 * s * c, c * c - s * s
            return [2 * x + 3 * y, 3 * x + 2 * s2 * c2]""",
    "an adjoint in pairs": """
        def forward(x, y):
            return x * x + 3 * x * y + np.sin(y), (x, y)

        def backward(kept, g):
            x, y = kept
            return g * (x + x + 3 * y), g * (3 * x + np.cos(y))

        def grad(x, y):
            value, kept = forward(x, y)
            return backward(kept, 1.0)""",
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


def test_a_quotient_of_an_f_that_holds_one_is_found_by_its_own_error(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: (sin(x + 0.01) - sin(x)) / 0.01 + y**2\npoints: [[1.5, 2.25], [-0.75, 0.5]]\n"
    bench = bench_in(tmp_path, f"{spec}domain: {{x: [-3, 3], y: [-3, 3]}}\n", forbid="[numerical-derivative]")
    own = "def f(x, y):\n    return (np.sin(x + 0.01) - np.sin(x)) / 0.01 + y**2\n"
    step = "def grad(x, y, h=1e-3):\n    return [(f(x+h, y) - f(x-h, y)) / (2*h), (f(x, y+h) - f(x, y-h)) / (2*h)]\n"
    result = graded(bench, f"import numpy as np\n\n\n{own}\n\n{step}")
    assert kinds(result) == {FlagKind.NUMERICAL_DERIVATIVE}, result.staff


PYTHON_F = """\
import numpy as np


def slope(u, h):
    return (np.sin(u + h) - np.sin(u)) / h


def loss(x, y):
    return slope(x, 0.01) + y**3 * np.cos(x)


def check(x, y, h=1e-6):
    return (loss(x + h, y) - loss(x - h, y)) / (2 * h)
"""
PYTHON_SPEC = """\
variables: [x, y]
function: {python: "loss.py:loss"}
points: [[1.5, 2.25], [-0.75, 0.5]]
domain: {x: [-3, 3], y: [-3, 3]}
"""


def test_an_f_in_python_code_that_holds_a_quotient_leaves_its_formula_one(tmp_path: Path) -> None:
    (tmp_path / "loss.py").write_text(PYTHON_F)
    bench = bench_in(tmp_path, PYTHON_SPEC, forbid="[numerical-derivative]")
    formula = "return [(np.cos(x + 0.01) - np.cos(x)) / 0.01 - y**3 * np.sin(x), 3 * y**2 * np.cos(x)]"
    text = f"import numpy as np\n\n\ndef grad(x, y):\n    {formula}\n"
    assert len(Text({"hw.py": text}).passages) == 1
    result = graded(bench, text)
    assert (kinds(result), result.status) == (set(), Status.OK), result.staff


def test_numpys_gradient_of_samples_that_stand_in_the_call_is_found_where_f_is_python_code(tmp_path: Path) -> None:
    (tmp_path / "loss.py").write_text(PYTHON_F)
    bench = bench_in(tmp_path, PYTHON_SPEC, forbid="[numerical-derivative]")
    by_y = "np.gradient((np.sin(x + 0.01) - np.sin(x)) / 0.01 + (y + t)**3 * np.cos(x), 1e-4)[2]"
    formula = "(np.cos(x + 0.01) - np.cos(x)) / 0.01 - y**3 * np.sin(x)"
    text = f"import numpy as np\n\n\ndef grad(x, y):\n    t = 1e-4 * np.arange(-2, 3)\n    return [{formula}, {by_y}]\n"
    result = graded(bench, text)
    assert kinds(result) == {FlagKind.NUMERICAL_DERIVATIVE}, result.staff
    assert "∂f/∂y is made of it" in result.flags[0].evidence


@pytest.mark.parametrize(
    "made",
    [
        "exec(''.join(chr(ord(c) - 1) for c in 'b>2'))", "run = exec", "builtins.exec(str(1))",
        "getattr(builtins, 'eval') and eval(str(1))", "types.FunctionType(marshal.loads(marshal.dumps(co)), globals())",
    ],
)  # fmt: skip
def test_code_that_stands_nowhere_is_told_to_staff_and_costs_nothing(made: str, bench: Bench) -> None:
    before = "import builtins, marshal, types\nco = (lambda: 1).__code__\n"
    result = graded(bench, f"{before}{HEAD}{made}\n\n\n{RIGHT}")
    assert (kinds(result), result.status) == ({FlagKind.OTHER}, Status.OK)
    assert "line 10 of hw.py" in result.flags[0].evidence
    assert "does not stand there" in result.flags[0].evidence


def test_a_method_of_that_name_is_nobodys_business(bench: Bench) -> None:
    own = "class Formula:\n    def eval(self, x):\n        return 2 * x\n\n\n"
    result = graded(bench, HEAD + own + RIGHT.replace("2 * x", "Formula().eval(x)"))
    assert (kinds(result), result.status) == (set(), Status.OK)


@pytest.mark.parametrize(
    "hidden",
    [
        "base64.b64decode('{b64}').decode()", "bytes.fromhex('{hex}').decode()", "'{backwards}'[::-1]",
        "compile('{plain}', 'x', 'exec')", "codecs.decode('{rot13}', 'rot13')",
    ],
)  # fmt: skip
def test_text_that_is_hidden_and_run_is_read_all_the_same(hidden: str, bench: Bench) -> None:
    plain = "def slope(g, h=1e-6): return (g(h) - g(-h)) / (2 * h)"
    given = hidden.format(
        plain=plain, b64=base64.b64encode(plain.encode()).decode(), hex=plain.encode().hex(), backwards=plain[::-1],
        rot13=codecs.encode(plain, "rot13"),
    )  # fmt: skip
    entry = "def grad(x, y):\n    return [slope(lambda t: f(x + t, y)), slope(lambda t: f(x, y + t))]\n"
    result = graded(bench, f"import base64, codecs\n{HEAD}exec({given})\n\n\n{entry}")
    assert kinds(result) == {FlagKind.NUMERICAL_DERIVATIVE}, result.staff
    assert "line 9 of hw.py, `(g(h) - g(-h)) / (2 * h)`" in result.flags[0].evidence


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
        grading = DerivativeGrading(
            bench, seat, SubmissionLimits(), 7, Handed(Text({"hw.py": text}), changed, spent=spent)
        )
        grading.look()
        grading.grade()
        assert len(opened) == runs


def test_a_helper_in_another_file_is_found(bench: Bench, tmp_path: Path) -> None:
    files = {"hw.py": "from tool import d\n", "tool.py": "def d(g, h=1e-5):\n    return (g(h) - g(-h)) / (2 * h)\n"}
    found = Text(files).passages
    assert [(p.file, p.line) for p in found] == [("tool.py", 2)]
    assert "tool.py" in Text(files).scaled(found, 2.0)
