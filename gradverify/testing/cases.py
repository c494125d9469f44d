"""Functions with known derivatives, chosen for what has gone wrong in backends: the data of the conformance suite.

Every case is a Python callable and, where the language allows, the same as an expression. `truth` is the derivative by
hand, in double precision; NaN marks components where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradverify.core.arrays import Array, Matrix
from gradverify.core.problem import Derivative, Domain, Precision
from gradverify.core.variables import Shape
from gradverify.testing.problems import box

Points = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A function, its derivative by hand, and points at which the two are known.

    truth_error: how exact `derivative_at` is, in units of round-off of each component (it is itself computed).
    """

    name: str
    shapes: Mapping[str, Shape]
    function: Callable[..., Any]
    derivative_at: Callable[..., Any]  # takes what `function` takes
    points: Points
    expression: str | None = None
    claim: str | Mapping[str, str] = ""  # the derivative as expressions; needed where `expression` is given
    derivative: Derivative = Derivative.GRADIENT
    outputs: Shape = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    domain: Domain | None = None
    precision: Precision = Precision.FLOAT64
    no_derivative: tuple[tuple[int, int], ...] = ()  # (point, flat component) where f has none, but f is finite
    truth_error: float = 64.0

    @property
    def matrix(self) -> Matrix:
        """The points, shape (k, n)."""
        return np.array(self.points, dtype=np.float64)


def _kink(x: float, y: float) -> Any:
    return abs(x) + y**2


def _stored(p: Array) -> Any:
    """Assigns into an array: where automatic differentiation tends to lose its way without a word."""
    parts = np.zeros(2)
    parts[0] = float(p[0]) ** 2
    parts[1] = 3.0 * float(p[1])
    return parts.sum()


def _single(p: Array) -> Any:
    q = np.asarray(p, dtype=np.float32)
    return np.sum(q * q, dtype=np.float32)


_SCALARS = {"x": (), "y": ()}

CASES: tuple[Case, ...] = (
    Case(
        name="smooth",
        shapes={"x": (), "y": (), "z": ()},
        function=lambda x, y, z: x**2 * y + np.sin(x * z) + np.exp(-y),
        derivative_at=lambda x, y, z: [2 * x * y + z * np.cos(x * z), x**2 - np.exp(-y), x * np.cos(x * z)],
        expression="x**2*y + sin(x*z) + exp(-y)",
        claim={"x": "2*x*y + z*cos(x*z)", "y": "x**2 - exp(-y)", "z": "x*cos(x*z)"},
        points=[[1.0, 2.0, 3.0], [0.3, -1.1, 0.7], [-2.0, 0.5, 1.9]],
    ),
    Case(
        name="vector-variable",
        shapes={"p": (4,)},
        function=lambda p, w: np.sum(w * np.exp(p)) + np.dot(p, p) ** 2,
        derivative_at=lambda p, w: w * np.exp(p) + 4 * np.dot(p, p) * p,
        expression="sum(w*exp(p)) + dot(p, p)**2",
        claim="w*exp(p) + 4*dot(p, p)*p",
        constants={"w": [1.0, -2.0, 0.5, 3.0]},
        points=[[0.1, 0.2, 0.3, 0.4], [1.0, -1.0, 2.0, 0.5]],
    ),
    Case(
        name="several-variables",
        shapes={"A": (2, 3), "v": (3,), "b": ()},
        function=lambda A, v, b, t: np.sum((A @ v + b - t) ** 2),  # noqa: N803
        derivative_at=lambda A, v, b, t: [  # noqa: N803
            2 * np.outer(A @ v + b - t, v),
            2 * A.T @ (A @ v + b - t),
            2 * np.sum(A @ v + b - t),
        ],
        expression="sum((A @ v + b - t)**2)",
        claim={"A": "2*outer(A @ v + b - t, v)", "v": "2*(A.T @ (A @ v + b - t))", "b": "2*sum(A @ v + b - t)"},
        constants={"t": [1.0, 2.0]},
        points=[[0.5, -1.0, 2.0, 1.5, 0.25, -0.75, 1.0, 2.0, -0.5, 0.125]],
    ),
    Case(
        name="large-arguments",
        shapes=_SCALARS,
        function=lambda x, y: x**2 * 1e-8 + np.sin(y * 1e-8),
        derivative_at=lambda x, y: [2e-8 * x, 1e-8 * np.cos(y * 1e-8)],
        expression="x**2*1e-8 + sin(y*1e-8)",
        claim={"x": "2e-8*x", "y": "1e-8*cos(y*1e-8)"},
        points=[[1e8, 2e8], [3e8, -1e8]],
    ),
    Case(
        name="small-arguments",
        shapes=_SCALARS,
        function=lambda x, y: np.sin(x * 1e8) + (y * 1e8) ** 3,
        derivative_at=lambda x, y: [1e8 * np.cos(x * 1e8), 3e24 * y**2],
        expression="sin(x*1e8) + (y*1e8)**3",
        claim={"x": "1e8*cos(x*1e8)", "y": "3e24*y**2"},
        points=[[1e-8, 2e-8], [-3e-9, 1e-8]],
        truth_error=512.0,
    ),
    Case(
        name="mixed-scales",
        shapes=_SCALARS,
        function=lambda x, y: 1e8 * np.cos(x) + 1e-8 * y**3,
        derivative_at=lambda x, y: [-1e8 * np.sin(x), 3e-8 * y**2],
        expression="1e8*cos(x) + 1e-8*y**3",
        claim={"x": "-1e8*sin(x)", "y": "3e-8*y**2"},
        points=[[0.5, 2.0]],
    ),
    Case(
        name="large-offset",
        shapes=_SCALARS,
        function=lambda x, y: 1e9 + np.sin(x) * y,
        derivative_at=lambda x, y: [np.cos(x) * y, np.sin(x)],
        expression="1e9 + sin(x)*y",
        claim={"x": "cos(x)*y", "y": "sin(x)"},
        points=[[0.7, 1.3], [2.0, -0.4]],
    ),
    Case(
        name="tiny-gradient",
        shapes=_SCALARS,
        function=lambda x, y: 1e-14 * np.sin(x) + 1e-18 * y**2,
        derivative_at=lambda x, y: [1e-14 * np.cos(x), 2e-18 * y],
        expression="1e-14*sin(x) + 1e-18*y**2",
        claim={"x": "1e-14*cos(x)", "y": "2e-18*y"},
        points=[[0.7, 1.3]],
    ),
    Case(
        name="rapid-oscillation",
        shapes={"x": ()},
        function=lambda x: np.sin(3000.0 * x),
        derivative_at=lambda x: 3000.0 * np.cos(3000.0 * x),
        expression="sin(3000*x)",
        claim="3000*cos(3000*x)",
        points=[[0.3], [1.7]],
        truth_error=2**16,  # the argument's own round-off, multiplied by 3000
    ),
    Case(
        name="stationary-point",
        shapes=_SCALARS,
        function=lambda x, y: (x - 1) ** 2 + (y + 2) ** 4,
        derivative_at=lambda x, y: [2 * (x - 1), 4 * (y + 2) ** 3],
        expression="(x - 1)**2 + (y + 2)**4",
        claim={"x": "2*(x - 1)", "y": "4*(y + 2)**3"},
        points=[[1.0, -2.0], [1.5, -2.0]],
    ),
    Case(
        name="vector-valued",
        shapes=_SCALARS,
        function=lambda x, y: np.array([x * y, np.sin(x), x + 2 * y]),
        derivative_at=lambda x, y: np.array([[y, x], [np.cos(x), 0.0], [1.0, 2.0]]),
        expression="[x*y, sin(x), x + 2*y]",
        claim="[[y, x], [cos(x), 0], [1, 2]]",
        derivative=Derivative.JACOBIAN,
        outputs=(3,),
        points=[[0.4, 1.5], [2.0, -3.0]],
    ),
    Case(
        name="hessian",
        shapes=_SCALARS,
        function=lambda x, y: x**3 * y + np.exp(x * y),
        derivative_at=lambda x, y: np.array(
            [
                [6 * x * y + y**2 * np.exp(x * y), 3 * x**2 + (1 + x * y) * np.exp(x * y)],
                [3 * x**2 + (1 + x * y) * np.exp(x * y), x**2 * np.exp(x * y)],
            ]
        ),
        expression="x**3*y + exp(x*y)",
        claim="[[6*x*y + y**2*exp(x*y), 3*x**2 + (1 + x*y)*exp(x*y)], [3*x**2 + (1 + x*y)*exp(x*y), x**2*exp(x*y)]]",
        derivative=Derivative.HESSIAN,
        points=[[0.4, 1.5], [1.0, -0.5]],
    ),
    Case(
        name="not-finite-at-one-point",
        shapes=_SCALARS,
        function=lambda x, y: np.log(x) + np.sqrt(y),
        derivative_at=lambda x, y: [1 / x if x > 0 else np.nan, 0.5 / np.sqrt(y) if x > 0 else np.nan],
        expression="log(x) + sqrt(y)",
        claim={"x": "1/x", "y": "0.5/sqrt(y)"},
        points=[[2.0, 3.0], [-1.0, 3.0], [1e-3, 0.5]],
    ),
    Case(
        name="kink",
        shapes=_SCALARS,
        function=_kink,
        derivative_at=lambda x, y: [np.sign(x) if x != 0 else np.nan, 2 * y],
        expression="abs(x) + y**2",
        claim={"x": "sign(x)", "y": "2*y"},
        points=[[0.0, 1.0], [1e-4, 1.0], [-2.0, 0.5]],
        no_derivative=((0, 0),),
    ),
    Case(
        name="edge-of-the-domain",
        shapes=_SCALARS,
        function=lambda x, y: np.log1p(x) * y + x * np.sqrt(x),
        derivative_at=lambda x, y: [y / (1 + x) + 1.5 * np.sqrt(x), np.log1p(x)],
        expression="log1p(x)*y + x*sqrt(x)",
        claim={"x": "y/(1 + x) + 1.5*sqrt(x)", "y": "log1p(x)"},
        domain=box((0.0, 2.0), (-1.0, 1.0)),
        points=[[0.0, 0.5], [2.0, 1.0], [1.0, -1.0]],
    ),
    Case(
        name="constant",
        shapes=_SCALARS,
        function=lambda x, y: 7.0 + 0.0 * (x + y),
        derivative_at=lambda x, y: [0.0 * x, 0.0 * y],
        expression="7",
        claim={"x": "0", "y": "0"},
        points=[[1.0, 2.0], [0.0, 0.0]],
    ),
    Case(
        name="assignment-into-an-array",
        shapes={"p": (2,)},
        function=_stored,
        derivative_at=lambda p: np.array([2 * p[0], 3.0]),
        points=[[1.5, -2.0]],
    ),
    Case(
        name="single-precision",
        shapes={"p": (3,)},
        function=_single,
        derivative_at=lambda p: 2 * p,
        points=[[1.5, -2.0, 0.3]],
        precision=Precision.FLOAT32,
        truth_error=2**31,  # float32's round-off, in units of float64's, with a factor of four
    ),
)
