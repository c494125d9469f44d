"""A user's function with its safeguards passed by: the same code, given watched arrays (watched.py).

Nothing is imported or run again. What would turn a watched array into a plain one, `np.asarray` or `float`, is
answered by stand-ins in copies of the globals of the functions that the code names; the modules themselves stay.
"""

from __future__ import annotations

import builtins
import math
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradverify.core.arrays import Array, Matrix
from gradverify.core.variables import Variables
from gradverify.functions.callables import CAUGHT, arguments, fresh_constants
from gradverify.functions.watched import Edge, Site, Watch, Watched, Watching, line_at, mathematics, plain, watched

_LIBRARIES = ("site-packages", "dist-packages", "/lib/python")
# Makers of arrays, which NumPy does not ask the arrays about that they are given.
_MAKERS = (
    "array", "asarray", "asanyarray", "ascontiguousarray", "asfarray", "atleast_1d", "atleast_2d", "zeros", "empty",
    "ones", "full", "copy", "stack", "concatenate",
)  # fmt: skip


class _StandIn(types.ModuleType):
    """A module whose functions, in part, are others."""

    def __init__(self, module: types.ModuleType, own: dict[str, Any]) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(own)
        self.__dict__["_module_"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_module_"], name)


def _maker(function: Callable[..., Any]) -> Callable[..., Any]:
    def made(*args: Any, **named: Any) -> Any:
        return watched(function(*map(plain, args), **{name: plain(value) for name, value in named.items()}))

    return made


class _KindOfFloat(type):
    def __call__(cls, value: Any = 0.0) -> Any:
        if not isinstance(value, Watched):
            return float(value)
        return value if np.iscomplexobj(value) else watched(float(value))

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, float) or (isinstance(value, Watched) and value.shape == ())


class _Float(float, metaclass=_KindOfFloat):
    """`float` that keeps watched numbers watched; for NumPy, as a `dtype`, the same."""

    dtype = np.dtype(float)


class _Graft:
    """Gives functions stand-ins for what they name."""

    def __init__(self) -> None:
        makers = {name: _maker(getattr(np, name)) for name in _MAKERS if hasattr(np, name)}
        functions = {name: mathematics(f) for name, f in vars(math).items() if callable(f) and name[0] != "_"}
        self.known: dict[int, Any] = {
            id(np): _StandIn(np, makers),
            id(math): _StandIn(math, functions),
            id(float): _Float,
            **{id(getattr(np, name)): made for name, made in makers.items()},
            **{id(getattr(math, name)): made for name, made in functions.items()},
        }
        self.scopes: dict[int, dict[str, Any]] = {}
        self.held: list[Any] = []  # what the ids above stand for stays alive

    def swap(self, value: Any) -> Any:
        known = self.known.get(id(value))
        if known is not None:
            return known
        if isinstance(value, types.MethodType):
            return types.MethodType(self.swap(value.__func__), value.__self__)
        if isinstance(value, types.FunctionType) and not any(p in value.__code__.co_filename for p in _LIBRARIES):
            return self.function(value)
        return value

    def function(self, function: types.FunctionType) -> types.FunctionType:
        scope = self.scopes.get(id(function.__globals__))
        if scope is None:
            own = {**vars(builtins), "float": _Float}
            scope = self.scopes[id(function.__globals__)] = {**function.__globals__, "__builtins__": own}
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        made = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, cells or None)
        made.__kwdefaults__ = function.__kwdefaults__
        self.known[id(function)] = made
        self.held.append(function)
        for name in _names(function.__code__):
            if name in function.__globals__:
                scope[name] = self.swap(function.__globals__[name])
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.swap(original.cell_contents)
            except ValueError:  # not yet assigned
                continue
        return made


def _names(code: types.CodeType) -> set[str]:
    """The names that `code` and the functions inside it look up."""
    return set(code.co_names).union(*(_names(c) for c in code.co_consts if isinstance(c, types.CodeType)))


class Unbounded:
    """A callable whose safeguards can be passed by."""

    def __init__(self, function: Callable[..., Any], *, bounds_only: bool = False) -> None:
        self.swapped: Callable[..., Any] = _Graft().swap(function)
        self.bounds_only = bounds_only
        self.kept: frozenset[Site] = frozenset()
        self.usual: frozenset[Edge] = frozenset()  # edges that the code is near as a rule

    def called(self, watch: Watch, args: Sequence[Any], named: dict[str, Any]) -> Any:
        """What the code returns for plain arguments, plain."""
        with Watching(watch):
            return plain(self.swapped(*map(watched, args), **{name: watched(v) for name, v in named.items()}))

    def learn(self, points: Matrix, variables: Variables, constants: Mapping[str, Array]) -> bool:
        """Find what is a safeguard by `points`, which a claim is right at; whether there is any.

        What is active there, or has values next to its bound only, is none, nor is what keeps f from no edge.
        """
        watches = []
        for point in points:
            watch = Watch(passes_by=False, bounds_only=self.bounds_only)
            self.called(watch, arguments(point, variables), fresh_constants(constants))
            watches.append(watch)
        seen = set[Site]().union(*(watch.seen for watch in watches))
        clear = set[Site]().union(*(watch.clear for watch in watches))
        active = set[Site]().union(*(watch.active for watch in watches))
        self.usual = frozenset[Edge]().union(*(watch.edges | watch.exponents for watch in watches))
        idle: set[Site] = set()
        if not self.bounds_only and len(points):  # a claim may do without the logarithm
            idle = seen - self._at_work(watches[0], points[0], variables, constants)
        self.kept = frozenset(active | idle | (seen - clear))
        return bool(seen - self.kept)

    def _at_work(self, found: Watch, point: Any, variables: Variables, constants: Mapping[str, Array]) -> set[Site]:
        """Where f comes near an edge if what is bounded there were at the bound, at a point, (n,).

        That a value is compared with a bound may lead past the edge altogether, and tells nothing.
        """
        sites = set(found.compared)
        for site, upper in sorted(found.bounded):
            if site in sites:
                continue
            watch = Watch(passes_by=False, usual=self.usual, forced=(site, upper))
            if self._ends(watch, point, variables, constants) and watch.comes_near(site):
                sites.add(site)
        return sites

    def __call__(self, *args: Any, **named: Any) -> Any:
        """The value with safeguards passed by."""
        return self.called(Watch(passes_by=True, bounds_only=self.bounds_only, kept=self.kept), args, named)

    def active(self, point: Any, variables: Variables, constants: Mapping[str, Array]) -> str:
        """The line of a safeguard that is active at a point, (n,), and needed; "" where there is none."""
        watch = Watch(passes_by=True, kept=self.kept, usual=self.usual)
        needed = watch.needed() if self._ends(watch, point, variables, constants) else ()
        return line_at(needed[0]) or "a bound" if needed else ""

    def subjects(self, point: Any, variables: Variables, constants: Mapping[str, Array]) -> list[tuple[Any, Any]]:
        """What is bounded at a point, (n,), each flat, and which of it is changed by that."""
        watch = Watch(passes_by=True, kept=self.kept, usual=self.usual)
        return watch.subjects if self._ends(watch, point, variables, constants) else []

    def _ends(self, watch: Watch, point: Any, variables: Variables, constants: Mapping[str, Array]) -> bool:
        """Let `watch` notice a call at a point, (n,); whether that came to an end, without an exception."""
        try:
            with np.errstate(all="ignore"):
                self.called(watch, arguments(point, variables), fresh_constants(constants))
        except CAUGHT:  # what the code does without its safeguards is nobody's fault
            return False
        return True
