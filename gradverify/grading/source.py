"""What a submission's text shows: passages that differentiate by themselves. Read, never run; all of it is pure.

A passage alone accuses nobody: it may be a check, or a helper that nothing uses. Whether an answer comes out of it is
found out by changing it a little (`gradverify.grading.traced`), so what is looked for here may be a little too much.
"""

from __future__ import annotations

import ast
import contextlib
import enum
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gradverify.grading.model import FlagKind

T = TypeVar("T")

MOST_CHARACTERS = 200_000  # of one file
MOST_FILES = 20
MOST_PASSAGES = 40
MOST_NODES = 60_000  # of one file: beyond that it is no program that anybody wrote for a lesson
DEEP = 5  # names that are followed from one to the next
# Nodes that are looked at in one file, all searches together: whoever wants the grader to wait gets this far.
MOST_WORK = 1_000_000
LOOKING_UP = 20  # what looking a name up counts
MOST_MEANINGS = 12  # of one name
MOST_TERMS = 24  # of one sum
LARGEST_STEP = 0.5
SMALL_FACTOR = 1e-2  # that makes a step of whatever it multiplies, as in 1e-6 * max(1, abs(x))
LARGEST_LITERAL = 0.25  # denominator that is written out as a number
EPSILON_NAMES = frozenset(("eps", "epsilon"))
# A stencil's denominator in its steps: 2h, 12h for five points, h² and 4h² for second derivatives, and the like.
MULTIPLES = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 24.0, 60.0)
# Calls that hand their argument on; two of them on both sides of a difference say nothing.
WRAPPERS = frozenset(
    (
        "array", "asarray", "float", "float64", "abs", "sum", "squeeze", "ravel", "flatten", "item", "reshape", "copy",
        "atleast_1d", "len", "range", "zeros", "max", "min", "zeros_like", "ones", "eye", "arange", "linspace", "stack",
        "concatenate", "list", "tuple", "enumerate", "zip", "print", "round",
    )
)  # fmt: skip
# Calls whose values are steps where their arguments are.
STEP_FUNCTIONS = WRAPPERS | {"sqrt", "cbrt", "power", "maximum", "minimum", "full", "spacing", "geomspace", "logspace"}
DIFFERENCING = frozenset(("approx_fprime", "approx_derivative", "approx_jacobian", "approx_hess"))
# Functions whose values at constants are constants.
FUNCTIONS = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "tanh")}
ACCUMULATED = ("grad", "adj", "deriv", "bar", "tangent")  # parts of names under which a tape adds up derivatives


class Passage(enum.StrEnum):
    """What a passage is, in words that go on with `line 3 is …`."""

    QUOTIENT = "a difference quotient"
    COMPLEX_STEP = "a complex step"
    SAMPLED = "NumPy's gradient of sampled values"
    LIBRARY = "a call of a library that differentiates numerically"
    DUAL = "a product rule for numbers that carry derivatives (dual numbers)"
    TAPE = "derivatives added up backwards (automatic differentiation)"

    @property
    def flag(self) -> FlagKind:
        """What it is flagged as."""
        return FlagKind.AUTODIFF if self in (Passage.DUAL, Passage.TAPE) else FlagKind.NUMERICAL_DERIVATIVE


@dataclass(frozen=True, slots=True)
class Found:
    """A passage and where it stands. `node` is its place among the nodes of its file, in `ast.walk`'s order."""

    passage: Passage
    file: str
    line: int
    text: str
    node: int


@dataclass(frozen=True)
class Text:
    """The Python files of a submission, by name."""

    files: Mapping[str, str]

    @functools.cached_property
    def trees(self) -> dict[str, ast.Module]:
        """What of them can be parsed."""
        found = {}
        for name, text in list(self.files.items())[:MOST_FILES]:
            tree = _parsed(text)
            if tree is not None:
                found[name] = tree
        return found

    @functools.cached_property
    def passages(self) -> tuple[Found, ...]:
        """All passages that differentiate by themselves, in order."""
        found: list[Found] = []
        for name, tree in self.trees.items():
            with contextlib.suppress(RecursionError, _TooMuchError):
                found.extend(_Reader(name, tree).passages())  # one by one: what was found until then counts
        return tuple(found[:MOST_PASSAGES])

    def scaled(self, passages: Sequence[Found], factor: float) -> dict[str, str]:
        """The texts of the files, changed: the values of the passages are multiplied by `factor`."""
        changed: dict[str, str] = {}
        for name in {passage.file for passage in passages}:
            tree = _parsed(self.files[name])
            assert tree is not None, "it was parsed before"
            nodes = list(ast.walk(tree))
            wanted = {id(nodes[p.node]) for p in passages if p.file == name}
            changed[name] = ast.unparse(_Scaling(wanted, factor).visit(tree))
        return changed


def _parsed(text: str) -> ast.Module | None:
    if len(text) > MOST_CHARACTERS:
        return None
    try:
        tree = ast.parse(text)
        # Deep nesting ends in one of these errors, here or where trees are walked recursively.
        ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if sum(1 for _ in ast.walk(tree)) <= MOST_NODES else None


class _TooMuchError(Exception):
    """The file's names lead to one another without end."""


_BY_PARTS = "(lambda v_: type(v_)(u_ * k_ for u_ in v_) if isinstance(v_, (list, tuple)) else v_ * k_)(0)"


class _Scaling(ast.NodeTransformer):
    """Multiplies the values of some nodes; a list or tuple is multiplied part by part."""

    def __init__(self, wanted: set[int], factor: float) -> None:
        self._wanted, self._factor = wanted, factor

    def visit(self, node: ast.AST) -> ast.AST:
        wanted = id(node) in self._wanted
        node = self.generic_visit(node)
        if not wanted:
            return node
        if isinstance(node, ast.AugAssign):
            node.value = self._times(node.value, 1 / self._factor if isinstance(node.op, ast.Div) else self._factor)
            return node
        assert isinstance(node, ast.expr)
        if not isinstance(node, ast.Call):
            return self._times(node, self._factor)
        wrapped = ast.parse(_BY_PARTS.replace("k_", repr(self._factor)), mode="eval").body
        assert isinstance(wrapped, ast.Call)
        wrapped.args = [node]
        return wrapped

    @staticmethod
    def _times(node: ast.expr, factor: float) -> ast.expr:
        return ast.BinOp(node, ast.Mult(), ast.Constant(factor))


class _Reader:
    """Looks through one file."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self._file, self._tree = file, tree
        self._left = MOST_WORK
        self._kept: dict[tuple[str, int], Any] = {}
        self._parents: dict[int, ast.AST] = {}
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self._parents[id(child)] = node
        self._assigned: dict[tuple[int, str], list[ast.expr]] = {}
        self._changed_by: dict[tuple[int, str], list[ast.expr]] = {}
        self._calls: dict[str, list[ast.Call]] = {}
        self._functions: dict[str, list[ast.FunctionDef | ast.Lambda]] = {}
        for node in ast.walk(tree):
            self._note(node)

    def passages(self) -> Iterator[Found]:
        for number, node in enumerate(ast.walk(self._tree)):
            kind = self._kind(node)
            if kind is not None:
                assert isinstance(node, ast.expr | ast.AugAssign)
                yield Found(kind, self._file, node.lineno, _short(ast.unparse(node)), number)

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise _TooMuchError

    def _walk(self, whole: ast.AST) -> Iterator[ast.AST]:
        for node in ast.walk(whole):
            self._spend(1)
            yield node

    def _once(self, what: str, whole: ast.AST, find: Callable[[ast.AST], T]) -> T:
        """What is found in a part of the file, looked for once."""
        key = (what, id(whole))
        if key not in self._kept:
            self._kept[key] = find(whole)
        found: T = self._kept[key]
        return found

    # --- the file's names --------------------------------------------------------------------------------------------

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self._bind(target, value)
            case ast.AugAssign(target=target, value=value):
                for key in self._keys(target):
                    self._changed_by.setdefault(key, []).append(value)
            case ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source):
                self._bind(target, source)
            case ast.FunctionDef(name=name):
                self._functions.setdefault(name, []).append(node)
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                self._calls.setdefault(name, []).append(node)
            case _:
                pass

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            parts: Sequence[ast.expr] = [value] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                parts = value.elts
            for one, part in zip(target.elts, parts, strict=True):
                self._bind(one, part)
            return
        for key in self._keys(target):
            self._assigned.setdefault(key, []).append(value)

    def _keys(self, target: ast.expr) -> list[tuple[int, str]]:
        base = target
        while isinstance(base, ast.Subscript | ast.Starred):
            base = base.value
        if isinstance(base, ast.Name):
            return [(id(self._scope(target)), base.id)]
        return [(id(self._tree), base.attr)] if isinstance(base, ast.Attribute) else []

    def _scope(self, node: ast.AST) -> ast.AST:
        """The function, lambda or file that a node belongs to."""
        while not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module):
            node = self._parents[id(node)]
        return node

    def _scopes(self, node: ast.AST) -> Iterator[ast.AST]:
        scope = self._scope(node)
        yield scope
        while not isinstance(scope, ast.Module):
            scope = self._scope(self._parents[id(scope)])
            yield scope

    def _meanings(self, node: ast.expr) -> list[ast.expr]:
        """The expressions that a name, or a part of what it names, may stand for."""
        self._spend(LOOKING_UP)
        base = node
        while isinstance(base, ast.Subscript | ast.Starred):
            base = base.value
        if isinstance(base, ast.Attribute):
            return self._assigned.get((id(self._tree), base.attr), [])[:MOST_MEANINGS]
        if not isinstance(base, ast.Name):
            return [base] if base is not node else []
        for scope in self._scopes(node):
            found = self._assigned.get((id(scope), base.id), [])[:MOST_MEANINGS]
            found = [value for value in found if value is not node]
            if found:
                return found
            if not isinstance(scope, ast.Module) and (given := self._given(scope, base.id)) is not None:
                return given
        return []

    def _given(self, scope: ast.AST, name: str) -> list[ast.expr] | None:
        """What a parameter is given: its default, and what the file's own calls pass; None where it is no parameter."""
        assert isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        positional = [*scope.args.posonlyargs, *scope.args.args]
        names = [argument.arg for argument in positional]
        if isinstance(self._parents[id(scope)], ast.ClassDef):
            names = names[1:]  # without `self`
        only = [argument.arg for argument in scope.args.kwonlyargs]
        if name not in names and name not in only:
            return None
        found: list[ast.expr] = []
        if name in names:
            back = len(names) - names.index(name)
            if back <= len(scope.args.defaults):
                found.append(scope.args.defaults[-back])
        else:
            default = scope.args.kw_defaults[only.index(name)]
            found += [default] if default is not None else []
        for call in self._calls.get(self._called(scope), [])[:MOST_MEANINGS]:
            found += [keyword.value for keyword in call.keywords if keyword.arg == name]
            if name in names and names.index(name) < len(call.args):
                found.append(call.args[names.index(name)])
        return found

    def _called(self, scope: ast.AST) -> str:
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            return scope.name
        parent = self._parents[id(scope)]
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
            return parent.targets[0].id
        return ""

    # --- kinds of passages -------------------------------------------------------------------------------------------

    def _kind(self, node: ast.AST) -> Passage | None:
        match node:
            case ast.BinOp(left=above, op=ast.Div(), right=below):
                return self._quotient(node, above, below)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._by_inverse(node, left, right) or self._by_inverse(node, right, left)
            case ast.AugAssign(target=above, op=ast.Div(), value=below):
                return self._quotient(node, above, below)
            case ast.Call(func=ast.Attribute(attr="divide" | "true_divide"), args=[above, below]):
                return self._quotient(node, above, below)
            case ast.Call(func=ast.Attribute(attr="gradient"), args=[values, step, *_]) if self._callees(values):
                return Passage.SAMPLED if self._small(step) else None
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in DIFFERENCING:
                return Passage.LIBRARY
            case ast.BinOp(op=ast.Add()) if self._is_product_rule(node):
                return Passage.DUAL
            case ast.AugAssign(target=ast.Attribute(attr=name), op=ast.Add(), value=ast.BinOp(op=ast.Mult())):
                return Passage.TAPE if any(a in name.lower() for a in ACCUMULATED) and self._has_numbers() else None
            case _:
                return None

    def _by_inverse(self, node: ast.expr, above: ast.expr, factor: ast.expr) -> Passage | None:
        """`(f(x + h) - f(x)) * (1 / h)`, also where the inverse has a name."""
        for meaning in (factor, *self._meanings(factor)):
            if (
                isinstance(meaning, ast.BinOp)
                and isinstance(meaning.op, ast.Div)
                and number_of(meaning.left) is not None
            ):
                return self._quotient(node, above, meaning.right)
        value = number_of(factor)
        if value is not None and abs(value) >= 1 / LARGEST_STEP:
            return self._quotient(node, above, ast.Constant(1 / value))
        return None

    def _quotient(self, node: ast.AST, above: ast.expr, below: ast.expr) -> Passage | None:
        if self._has_imaginary_part(above) and self._is_step(node, below, complex_step=True):
            return Passage.COMPLEX_STEP
        if self._is_difference(above, DEEP) and self._is_step(node, below, complex_step=False):
            return Passage.QUOTIENT
        return None

    def _is_difference(self, node: ast.expr, deep: int) -> bool:
        """Whether one function's values are subtracted from one another."""
        plus: list[ast.expr] = []
        minus: list[ast.expr] = []
        _terms(node, 1, plus, minus)
        if len(plus) + len(minus) > MOST_TERMS:
            return False
        for one in plus:
            for other in minus:
                if self._once("bare", one, _bare) == self._once("bare", other, _bare) or self._callees(
                    one
                ) & self._callees(other):
                    return True
        if deep and not minus:
            for one in plus:
                inner = list(one.args[:1]) if isinstance(one, ast.Call) else []
                for meaning in (*self._meanings(one), *inner):
                    if meaning is not one and self._is_difference(meaning, deep - 1):
                        return True
        return False

    def _callees(self, node: ast.expr, deep: int = DEEP) -> frozenset[str]:
        """The functions whose values an expression holds, through names and lists."""
        found: set[str] = set()
        match node:
            case ast.Call(func=function, args=arguments):
                name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
                if name in WRAPPERS:
                    for argument in arguments[:1]:
                        found |= self._callees(argument, deep)
                else:
                    found.add(ast.dump(function))
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                for part in parts:
                    found |= self._callees(part, deep)
            case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part):
                found |= self._callees(part, deep)
            case ast.Name() | ast.Subscript() | ast.Attribute() if deep:
                for meaning in self._meanings(node):
                    found |= self._callees(meaning, deep - 1)
            case _:
                pass
        return frozenset(found)

    def _has_imaginary_part(self, node: ast.expr, deep: int = DEEP) -> bool:
        match node:
            case ast.Attribute(attr="imag") | ast.Call(func=ast.Attribute(attr="imag") | ast.Name(id="imag")):
                return True
            case ast.List(elts=parts) | ast.Call(args=parts):
                return any(self._has_imaginary_part(part, deep) for part in parts)
            case ast.ListComp(elt=part) | ast.UnaryOp(operand=part):
                return self._has_imaginary_part(part, deep)
            case ast.Name() | ast.Subscript() if deep:
                return any(self._has_imaginary_part(meaning, deep - 1) for meaning in self._meanings(node))
            case _:
                return False

    def _is_step(self, node: ast.AST, below: ast.expr, *, complex_step: bool) -> bool:
        """Whether a denominator is made of a small step by which an argument was moved."""
        scopes = list(self._scopes(node))
        whole: ast.AST = next((s for s in reversed(scopes) if not isinstance(s, ast.Module)), scopes[0])
        roots = {ast.dump(root) for root in _roots(below)}
        if not roots:
            value = number_of(below)
            steps = {abs(c) for c in self._once("constants", self._tree, self._moved_by_constants)}
            return (
                value is not None
                and abs(value) <= LARGEST_LITERAL
                and any(step <= LARGEST_STEP and _is_multiple(abs(value), step) for step in steps if step > 0)
            )
        if self._is_moved_difference(below):
            return True
        if not self._is_made_of_steps(below):
            return False  # `p * (1 - p) + eps`, which only keeps off 0
        moved = (
            self._once("complex", self._tree, self._moved_complex)
            if complex_step
            else self._once("moved", whole, self._moved) | self._once("handed", whole, self._handed)
        )
        return bool(roots & moved)

    def _is_made_of_steps(self, node: ast.expr) -> bool:
        """Whether a denominator is a product of small steps and numbers."""
        match node:
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                parts = [left, right]
            case ast.BinOp(left=left, op=ast.Add(), right=right) if ast.dump(left) == ast.dump(right):
                parts = [left]
            case ast.BinOp(left=left, op=ast.Pow()):
                parts = [left]
            case ast.UnaryOp(operand=part):
                parts = [part]
            case _:
                return number_of(node) is not None or self._small(node)
        return all(self._is_made_of_steps(part) for part in parts)

    def _is_moved_difference(self, below: ast.expr, deep: int = 2) -> bool:
        """`(x + h) - x`, or the difference of two names of which one was moved by a small step."""
        if isinstance(below, ast.Name) and deep:
            return any(self._is_moved_difference(meaning, deep - 1) for meaning in self._meanings(below))
        if not (isinstance(below, ast.BinOp) and isinstance(below.op, ast.Sub)):
            return False
        sides = [side for part in (below.left, below.right) for side in (part, *self._meanings(part))]
        return any(
            isinstance(side, ast.BinOp)
            and isinstance(side.op, ast.Add | ast.Sub)
            and (self._small(side.left) or self._small(side.right))
            for side in sides
        )

    def _moved(self, whole: ast.AST) -> set[str]:
        """What is added or subtracted somewhere in a function."""
        found: set[str] = set()
        for node in self._walk(whole):
            match node:
                case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
                    found |= self._added(left) | self._added(right)
                case ast.AugAssign(op=ast.Add() | ast.Sub(), value=value):
                    found |= self._added(value)
                case _:
                    pass
        return found

    def _handed(self, whole: ast.AST) -> set[str]:
        """What is handed to functions of the file that add it to something: a step, in `slope(g, h)` or `g(2 * h)`."""
        found: set[str] = set()
        for node in self._walk(whole):
            if not isinstance(node, ast.Call):
                continue
            functions = self._functions_of(node)
            if not functions and self._is_parameter(node.func):  # `slope(g, h)` of another file's g
                for argument in node.args:
                    found |= self._added(argument)
            for function in functions:
                names = [argument.arg for argument in function.args.args]
                if isinstance(self._parents[id(function)], ast.ClassDef):
                    names = names[1:]
                moved = self._once("moved", function, self._moved)
                for name, argument in zip(names, node.args, strict=False):
                    if any(f"id='{name}'" in each for each in moved):
                        found |= self._added(argument)
        return found

    def _functions_of(self, call: ast.Call) -> list[ast.FunctionDef | ast.Lambda]:
        """The file's functions that a call may reach, by name or as what a parameter is given."""
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        found = self._functions_meant(call.func) + self._functions.get(method, [])
        return found[:MOST_MEANINGS]

    def _is_parameter(self, node: ast.expr) -> bool:
        """Whether a name is a parameter of the function that it stands in."""
        scope = self._scope(node)
        return (
            isinstance(node, ast.Name) and not isinstance(scope, ast.Module) and self._given(scope, node.id) is not None
        )

    def _functions_meant(self, node: ast.expr, deep: int = DEEP) -> list[ast.FunctionDef | ast.Lambda]:
        if isinstance(node, ast.Lambda):
            return [node]
        if not isinstance(node, ast.Name) or not deep:
            return []
        found = list(self._functions.get(node.id, []))
        for meaning in self._meanings(node):
            found += self._functions_meant(meaning, deep - 1)
        return found

    def _added(self, node: ast.expr, deep: int = 2) -> set[str]:
        """The names by which something is moved where `node` is added to it: those of its factors, and those in what
        they stand for, as `e` of `for e in h * np.eye(2)` has h."""
        self._spend(1)
        match node:
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._added(left, deep) | self._added(right, deep)
            case ast.BinOp(left=part, op=ast.Div()) | ast.UnaryOp(operand=part) | ast.Starred(value=part):
                return self._added(part, deep)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Call(args=parts):
                found: set[str] = set()
                if not isinstance(node, ast.Call) or self._is_wrapper(node):
                    for part in parts:
                        found |= self._added(part, deep)
                return found
            case ast.Name() | ast.Attribute() | ast.Subscript():
                found = {ast.dump(root) for root in _roots(node)}
                for meaning in self._meanings(node) if deep else ():
                    found |= self._added(meaning, deep - 1)
                return found
            case _:
                return set()

    @staticmethod
    def _is_wrapper(node: ast.Call) -> bool:
        function = node.func
        return (function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")) in WRAPPERS

    def _moved_complex(self, whole: ast.AST) -> set[str]:
        """What is added with an imaginary unit, as in `x + 1j * h`, or made the imaginary part of a number."""
        found: set[str] = set()
        for node in self._walk(whole):
            match node:
                case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
                    sides: Iterable[ast.expr] = (left, right)
                case ast.AugAssign(op=ast.Add() | ast.Sub(), value=value):
                    sides = (value,)
                case ast.Call(func=ast.Name(id="complex"), args=[_, part]):
                    found |= {ast.dump(root) for root in _roots(part)}
                    continue
                case ast.Assign(targets=[ast.Attribute(attr="imag")], value=value):
                    found |= {ast.dump(root) for root in _roots(value)}
                    continue
                case _:
                    continue
            for side in sides:
                if any(isinstance(c, ast.Constant) and isinstance(c.value, complex) for c in self._walk(side)):
                    found |= self._added(side)
        return found

    def _moved_by_constants(self, whole: ast.AST) -> set[float]:
        found: set[float] = set()
        for node in self._walk(whole):
            match node:
                case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
                    sides: Iterable[ast.expr] = (left, right)
                case ast.AugAssign(op=ast.Add() | ast.Sub(), value=value):
                    sides = (value,)
                case _:
                    continue
            for side in sides:
                for part in self._walk(side) if isinstance(side, ast.BinOp) else (side,):
                    if isinstance(part, ast.expr) and (number := number_of(part)) is not None:
                        found.add(number)
                    elif isinstance(part, ast.Constant) and isinstance(part.value, complex):
                        found.add(part.value.imag)
        return found

    def _small(self, node: ast.expr, deep: int = DEEP) -> bool:
        """Whether an expression is a small constant, or a product, root or the like that one makes small."""
        self._spend(1)
        value = number_of(node)
        if value is not None:
            return 0 < abs(value) <= LARGEST_STEP
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in EPSILON_NAMES:
                return True
            case ast.BinOp(left=base, op=ast.Pow(), right=power):
                steep = isinstance(power, ast.UnaryOp) and isinstance(power.op, ast.USub)
                return self._small(base, deep) or (number_of(base) is not None and steep)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                numbers = [abs(v) for v in (number_of(left), number_of(right)) if v is not None]
                if numbers:
                    other = right if number_of(left) is not None else left
                    return 0 < numbers[0] <= SMALL_FACTOR or self._small(other, deep)
                return self._small(left, deep) or self._small(right, deep)
            case ast.BinOp(left=part, op=ast.Div()) | ast.UnaryOp(operand=part):
                return self._small(part, deep)
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=parts) if name in STEP_FUNCTIONS:
                return name == "spacing" or any(self._small(part, deep) for part in parts)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return any(self._small(part, deep) for part in parts)
            case ast.Name() | ast.Attribute() | ast.Subscript() if deep:
                return any(self._small(meaning, deep - 1) for meaning in self._meanings(node))
            case _:
                return False

    # --- numbers that carry derivatives ------------------------------------------------------------------------------

    def _has_numbers(self) -> bool:
        """Whether the file has a class of numbers that can be added and multiplied."""
        return self._once(
            "numbers", self._tree,
            lambda whole: any(
                isinstance(n, ast.ClassDef) and {"__add__", "__mul__"} <= _methods(n) for n in self._walk(whole)
            ),
        )  # fmt: skip

    def _is_product_rule(self, node: ast.BinOp) -> bool:
        """In `__mul__` of such a class: `a.value * b.slope + a.slope * b.value` beside `a.value * b.value`.

        The product of complex numbers has such a sum, too, and a difference of products beside it. A scalar product of
        vectors is no product rule: no factor of one of its products is multiplied by one of the other's.
        """
        if not (_is_product(node.left) and _is_product(node.right)):
            return False
        scope = self._scope(node)
        if not isinstance(scope, ast.FunctionDef) or scope.name not in ("__mul__", "__rmul__"):
            return False
        owner = self._parents[id(scope)]
        if not isinstance(owner, ast.ClassDef) or "__add__" not in _methods(owner):
            return False
        left, right = ([ast.dump(f) for f in _factors(side)] for side in (node.left, node.right))
        if len({*left, *right}) != len(left) + len(right):
            return False
        others = [n for n in self._walk(scope) if isinstance(n, ast.BinOp) and n not in (node, node.left, node.right)]
        if any(isinstance(n.op, ast.Sub) and _is_product(n.left) and _is_product(n.right) for n in others):
            return False
        values = [{ast.dump(f) for f in _factors(n)} for n in others if isinstance(n.op, ast.Mult)]
        return any({one, other} == value for one in left for other in right for value in values)


def _methods(node: ast.ClassDef) -> set[str]:
    return {part.name for part in node.body if isinstance(part, ast.FunctionDef)}


def _is_product(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _factors(node: ast.expr) -> tuple[ast.expr, ...]:
    assert isinstance(node, ast.BinOp)
    return node.left, node.right


def _terms(node: ast.expr, sign: int, plus: list[ast.expr], minus: list[ast.expr]) -> None:
    """The terms of a sum by their signs, without their constant factors."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            _terms(left, sign, plus, minus)
            _terms(right, sign if isinstance(op, ast.Add) else -sign, plus, minus)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            _terms(inner, -sign, plus, minus)
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if (number := number_of(left)) is not None:
            _terms(right, sign if number >= 0 else -sign, plus, minus)
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if (number := number_of(right)) is not None:
            _terms(left, sign if number >= 0 else -sign, plus, minus)
        case _:
            (plus if sign > 0 else minus).append(node)


def _bare(node: ast.AST) -> str:
    """An expression without what is added to or subtracted from its parts; of less than a call or an operation, no two
    are the same."""
    if not isinstance(node, ast.Call | ast.BinOp):
        return f"{id(node)}"
    tree = _Bare().visit(ast.parse(ast.unparse(node), mode="eval").body)
    return ast.dump(tree)


class _Bare(ast.NodeTransformer):
    """`x + h` and `x - h` become `x`."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return node.left if isinstance(node.op, ast.Add | ast.Sub) else node


def _roots(node: ast.expr) -> list[ast.expr]:
    """The names in an expression, without those of functions that are called: `4 * h * h` has h."""
    found: dict[str, ast.expr] = {}
    called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    called |= {id(inner) for part in ast.walk(node) if id(part) in called for inner in ast.walk(part)}
    inside: set[int] = set()
    for part in ast.walk(node):  # an attribute comes before its object
        if isinstance(part, ast.Attribute) and id(part) not in called:
            inside |= {id(inner) for inner in ast.walk(part.value)}
        if isinstance(part, ast.Name | ast.Attribute) and id(part) not in called | inside:
            found.setdefault(ast.dump(part), part)
    return list(found.values())


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def number_of(node: ast.expr) -> float | None:
    """What constant arithmetic comes to."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value) if abs(value) < 1e300 else None
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=inner):
            of = number_of(inner)
            return None if of is None else (-of if isinstance(op, ast.USub) else of)
        case ast.BinOp(left=left, op=op, right=right):
            one, other = number_of(left), number_of(right)
            return None if one is None or other is None else _combined(one, op, other)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[inner]) if name in FUNCTIONS:
            of = number_of(inner)
            try:
                return None if of is None else FUNCTIONS[name](of)
            except (ArithmeticError, ValueError):
                return None
        case _:
            return None


def _combined(one: float, op: ast.operator, other: float) -> float | None:
    try:
        match op:
            case ast.Add():
                value = one + other
            case ast.Sub():
                value = one - other
            case ast.Mult():
                value = one * other
            case ast.Div():
                value = one / other
            case ast.Pow():
                value = math.pow(one, other)
            case _:
                return None
    except (ArithmeticError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _is_multiple(value: float, step: float) -> bool:
    close = functools.partial(math.isclose, rel_tol=1e-6)  # 2e-4 and 2 · 1e-4 are rounded each
    return any(close(value, m * step) or close(value, m * step * step) for m in MULTIPLES)


def _short(text: str, most: int = 100) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
