"""What in a Python function's source stops at a tolerance: solvers by name, and loops that end when a step is small.

Such a function is what is meant only to about that tolerance, and its slope is off by some multiple of it.
"""

from __future__ import annotations

import ast
import inspect
from collections import ChainMap
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from gradverify.core.problem import Approximation, CallableFunction, Function
from gradverify.functions.sources import tree_of

# The default tolerances of SciPy 1.17's routines; of several the one that is met first.
DEFAULTS: Mapping[str, float] = {
    "solve_ivp": 1e-3, "solve_bvp": 1e-3, "odeint": 1.5e-8, "quad": 1.5e-8, "dblquad": 1.5e-8, "tplquad": 1.5e-8,
    "nquad": 1.5e-8, "quad_vec": 1e-8, "minimize": 1e-5, "minimize_scalar": 1.5e-8, "fminbound": 1.5e-8,
    "brent": 1.5e-8, "golden": 1.5e-8, "least_squares": 1e-8, "curve_fit": 1e-8, "fmin": 1e-4, "fmin_bfgs": 1e-5,
    "fmin_cg": 1e-5, "fmin_l_bfgs_b": 1e-5, "fmin_powell": 1e-4, "differential_evolution": 1e-2, "fsolve": 1.5e-8,
    "root": 1.5e-8, "newton": 1.5e-8, "fixed_point": 1e-8, "linprog": 1e-8, "cg": 1e-5, "gmres": 1e-5,
    "bicgstab": 1e-5, "minres": 1e-5, "lsqr": 1e-6, "lsmr": 1e-6,
}  # fmt: skip
# They stop there whatever is given: brackets of a minimum cannot be told apart more closely than to √ε.
NO_FINER = frozenset(("minimize_scalar", "fminbound", "brent", "golden"))
TOLERANCES = frozenset(
    ("tol", "rtol", "atol", "xtol", "ftol", "gtol", "xatol", "fatol", "eps", "epsabs", "epsrel", "btol")
)
LARGEST = 1e-2  # that is a tolerance: what a loop compares with otherwise is a branch
MOST_FUNCTIONS = 20  # that are read, of those that a function calls


def approximation(*functions: Function | None) -> Approximation | None:
    """The coarsest of what the functions, and those of their own modules that they call, stop at; None for none."""
    found = [one for function in functions if function is not None for one in _in_function(function)]
    return max(found, key=lambda one: one.tolerance, default=None)


def _in_function(function: Function) -> Iterator[Approximation]:
    if not isinstance(function, CallableFunction):
        return
    waiting: list[tuple[Any, Mapping[str, Any]]] = [(inspect.unwrap(function.callable), {})]
    seen: set[tuple[Any, ...]] = set()
    while waiting and len(seen) < MOST_FUNCTIONS:
        one, given = waiting.pop()
        key = (id(one), *sorted(given.items()))
        if key in seen:
            continue
        seen.add(key)
        tree = tree_of(one)
        if tree is None:
            continue
        known = ChainMap(dict(given), dict(_set_in(tree)), getattr(one, "__globals__", {}))
        yield from _in_tree(tree, known)
        called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            other = known.get(node.id) if isinstance(node, ast.Name) else None
            if isinstance(other, FunctionType) and other.__module__ == getattr(one, "__module__", None):
                waiting.append((other, _given(called.get(id(node)), other, known)))


def _set_in(tree: ast.AST) -> Iterator[tuple[str, float]]:
    """The names that a text sets to numbers: arguments by default, and variables; the last one counts."""
    for node in ast.walk(tree):
        match node:
            case ast.arguments():
                last = [*node.posonlyargs, *node.args][len(node.posonlyargs) + len(node.args) - len(node.defaults) :]
                pairs = [*zip(last, node.defaults, strict=True), *zip(node.kwonlyargs, node.kw_defaults, strict=True)]
                named = [(argument.arg, value) for argument, value in pairs]
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                named = [(name, value)]
            case _:
                continue
        for name, value in named:
            number = _number(value, {}) if value is not None else None
            if number is not None:
                yield name, number


def _given(call: ast.Call | None, function: FunctionType, known: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that a call gives to the function's arguments."""
    if call is None:
        return {}
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    pairs = [*zip(names, call.args, strict=False), *((one.arg, one.value) for one in call.keywords)]
    found = ((name, _number(value, known)) for name, value in pairs)
    return {name: number for name, number in found if name is not None and number is not None}


def _in_tree(tree: ast.AST, known: Mapping[str, Any]) -> Iterator[Approximation]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=(ast.Name(id=name) | ast.Attribute(attr=name)) as called) if (
                name in DEFAULTS and _may_be_scipys(called, known)
            ):
                given = [value for key, value in _keywords(node, known) if key in TOLERANCES]
                if name in NO_FINER or not given:
                    given.append(DEFAULTS[name])
                yield Approximation(f"`{name}`", max(given))
            case ast.While() | ast.For():
                yield from (Approximation("a loop", value) for value in _ends(node, known))


def _may_be_scipys(called: ast.expr, known: Mapping[str, Any]) -> bool:
    """Whether the name is SciPy's, or nobody knows whose: `np.fmin` is a minimum of two, and stops at nothing."""
    path: list[str] = []
    while isinstance(called, ast.Attribute):
        path.insert(0, called.attr)
        called = called.value
    found = known.get(called.id) if isinstance(called, ast.Name) else None
    for attribute in path:
        found = getattr(found, attribute, None)
    if found is None:
        return True
    home = getattr(found, "__module__", None) or getattr(type(found), "__module__", "")
    return str(home).split(".")[0] == "scipy"


def _keywords(call: ast.Call, known: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Keywords with numbers, those inside dictionaries (`options={...}`) included."""
    for keyword in call.keywords:
        pairs: list[tuple[Any, ast.expr]] = [(keyword.arg, keyword.value)]
        if isinstance(keyword.value, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in keyword.value.keys]
            pairs = list(zip(keys, keyword.value.values, strict=True))
        for name, value in pairs:
            number = _number(value, known)
            if isinstance(name, str) and number is not None:
                yield name, number


def _ends(loop: ast.While | ast.For, known: Mapping[str, Any]) -> Iterator[float]:
    """Small numbers that what ends the loop is compared with."""
    tests = [loop.test] if isinstance(loop, ast.While) else []
    branches = (node for node in ast.walk(loop) if isinstance(node, ast.If))
    tests += [one.test for one in branches if any(isinstance(end, (ast.Break, ast.Return)) for end in one.body)]
    for test in tests:
        for compare in (node for node in ast.walk(test) if isinstance(node, ast.Compare)):
            numbers = [_number(side, known) for side in (compare.left, *compare.comparators)]
            yield from (value for value in numbers if value is not None and 0 < value <= LARGEST)


def _number(node: ast.expr, known: Mapping[str, Any]) -> float | None:
    value = node.value if isinstance(node, ast.Constant) else known.get(node.id) if isinstance(node, ast.Name) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
