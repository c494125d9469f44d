"""Which formula does a Python function's source spell, if it spells one?

A diagnosis looks into formulas: which term is missing, which factor is too much. Much code is a formula as well:
assignments, arithmetic, NumPy's functions, loops over a known number of steps, helpers of the same kind. Such a body is
read here, statement by statement, into a text of the expression language; nothing of it is run. What is read may still
be something else than what the code computes (a name that was rebound, a copy that is none), so that a formula counts
only where its values are the function's own: whoever asks has to compare them.
"""

from __future__ import annotations

import ast
import copy
import inspect
import itertools
import math
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Never

import numpy as np

from gradverify.core.arrays import Array
from gradverify.core.variables import Shape, Variables
from gradverify.expression.errors import ExpressionError
from gradverify.expression.nodes import Call, Compare, Node
from gradverify.expression.parse import parse_expression
from gradverify.expression.vocabulary import ALIASES, BUILTIN_NAMES, FUNCTIONS, REDUCTIONS
from gradverify.functions.sources import tree_of
from gradverify.functions.spelling import normal, spelled

MOST_STEPS = 5_000  # statements and parts of expressions that are read, those of loops each time
LONGEST = 20_000  # characters of a formula
DEEPEST = 5  # helpers that call helpers
MOST_ENTRIES = 400  # of an array that is put together entry by entry, or written out
LARGEST_POWER = 64  # of plain numbers, which are computed here
MOST_NUMBERS = 20_000  # in one array of the module that the formula refers to

_LIBRARIES = frozenset(("numpy", "math", "scipy", "autograd", "jax"))
_ARRAYS = frozenset(("array", "asarray", "asanyarray", "float64", "stack", "float", "atleast_1d", "ascontiguousarray"))
_OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@", ast.Mod: "%",
}  # fmt: skip
_LEVELS: Mapping[type[ast.operator], str] = {
    ast.Add: "sum", ast.Sub: "sum", ast.Mult: "product", ast.Div: "product",
}  # fmt: skip
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_BUILTINS = frozenset(
    (
        *("len", "range", "float", "int", "abs", "max", "min", "sum", "pow"),
        *("enumerate", "zip", "reversed", "list", "dict", "tuple"),
    )
)


class Unreadable(Exception):  # noqa: N818 - no error: most code is no formula
    """The code does something that is no formula."""


@dataclass(frozen=True, slots=True)
class Formula:
    """Trees over a function's variables and `constants`: one, or one for each variable of a claim."""

    trees: tuple[Node, ...]
    constants: Mapping[str, Array]


def formula_of(
    function: Callable[..., Any],
    variables: Variables,
    constants: Mapping[str, Array],
    *,
    part: int | None = None,
    by_variable: bool = False,
) -> Formula | None:
    """What `function` returns as a formula; None where its source spells none.

    part: of what it returns, where that is a pair.  by_variable: one result for each variable counts as well.
    """
    constants = {
        name: np.asarray(c, dtype=np.float64) for name, c in constants.items()
    }  # labels are numbers in formulas
    reader = _Reader(variables, constants)
    try:
        parameters = [_Text(v.name) for v in variables]
        result = reader.call(function, parameters, {name: _Text(name) for name in constants}, 0)
        if part is not None:
            result = reader.entries(result)[part]
        trees: tuple[Node, ...]
        if by_variable and isinstance(result, dict) and set(result) == set(variables.names):
            result = [result[name] for name in variables.names]
            result = result[0] if len(result) == 1 else result
        if by_variable and len(variables) > 1 and isinstance(result, list) and len(result) == len(variables):
            trees = tuple(reader.tree(reader.text(item)) for item in result)
        else:
            trees = (reader.tree(reader.text(result)),)
    except (Unreadable, ExpressionError, RecursionError):
        return None
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError):  # code that is as wrong as it is unusual
        return None
    return Formula(trees, {**constants, **reader.found})


@dataclass(frozen=True, slots=True)
class _Text:
    """A value by its formula, which is closed: a name, a call, or in brackets.

    open: without the brackets, for more of the same level behind it: 2*x, to become 2*x*y.
    """

    text: str
    open: str = ""
    level: str = ""


@dataclass(slots=True)
class _Cells:
    """An array that is put together entry by entry."""

    shape: Shape
    cells: dict[Shape, Any]


@dataclass(slots=True)
class _Frame:
    """A call that is being read: its names, and what the code around it knows."""

    names: dict[str, Any]
    around: dict[str, Any]
    depth: int


_NOTHING = object()  # a block that ends without a `return`


@dataclass(slots=True)
class _Reader:
    variables: Variables
    constants: Mapping[str, Array]
    found: dict[str, Array] = field(default_factory=dict)  # arrays of the module, by the name in the formula
    shapes: dict[str, Shape] = field(init=False)
    steps: int = 0
    _trees: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shapes = {v.name: v.shape for v in self.variables} | {n: a.shape for n, a in self.constants.items()}

    # Texts and trees

    def tree(self, text: str) -> Node:
        if text not in self._trees:
            self._trees[text] = parse_expression(text, self.shapes)
        return self._trees[text]

    def shape(self, value: Any) -> Shape:
        match value:
            case int() | float():
                return ()
            case _Cells():
                return value.shape
            case list():
                return (len(value), *(self.shape(value[0]) if value else ()))
        return self.tree(self.text(value)).shape

    def text(self, value: Any) -> str:
        """A value as text of the language."""
        match value:
            case _Text():
                return value.text
            case bool():
                raise Unreadable
            case int() | float():
                if not math.isfinite(value):
                    raise Unreadable
                return repr(value) if value >= 0 else f"({value!r})"
            case list():
                if not value or len(value) > MOST_ENTRIES:
                    raise Unreadable
                return f"[{', '.join(map(self.text, value))}]"
            case _Cells():
                return self.text(_nested(value, ()))
        raise Unreadable

    def made(self, text: str) -> _Text:
        if len(text) > LONGEST:
            raise Unreadable
        return _Text(text)

    def entries(self, value: Any) -> list[Any]:
        """What iterating over a value gives."""
        if isinstance(value, list):
            return list(value)
        if isinstance(value, _Cells):
            return list(_nested(value, ())) if len(value.shape) else self.fail()
        length = self.shape(value)[0] if self.shape(value) else 0
        if not 0 < length <= MOST_ENTRIES:
            raise Unreadable
        return [_Text(f"{self.text(value)}[{i}]") for i in range(length)]

    def fail(self) -> Never:
        raise Unreadable

    # Calls

    def call(self, function: Any, given: Sequence[Any], named: Mapping[str, Any], depth: int) -> Any:
        """What a plain Python function returns for these arguments."""
        function = inspect.unwrap(function) if callable(function) else function
        if not isinstance(function, types.FunctionType) or depth > DEEPEST:
            raise Unreadable
        node = _definition(function)
        spec = node.args
        if spec.vararg or spec.kwarg or spec.posonlyargs:
            raise Unreadable
        names = [a.arg for a in spec.args]
        if len(given) > len(names):
            raise Unreadable
        optional = function.__defaults__ or ()
        defaults = dict(zip(names[len(names) - len(optional) :], optional, strict=True))
        defaults |= function.__kwdefaults__ or {}
        values: dict[str, Any] = {name: self.known(value, name) for name, value in defaults.items()}
        values |= {**dict(zip(names, given, strict=False)), **named}
        if set(values) != {*names, *(a.arg for a in spec.kwonlyargs)}:
            raise Unreadable
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        around = {**function.__globals__, **{name: cell.cell_contents for name, cell in cells}}
        frame = _Frame(values, around, depth)
        if isinstance(node, ast.Lambda):
            return self.value(node.body, frame)
        result = self.block(node.body, frame)
        return self.fail() if result is _NOTHING else result

    def known(self, value: Any, name: str, same: bool = False) -> Any:
        """A value of the code around: a number, or an array that becomes a constant of the formula.

        same: an array of equal numbers is the same one.
        """
        if isinstance(value, (bool, np.bool_)):
            raise Unreadable
        if isinstance(value, (int, np.integer)):
            return int(value)
        if isinstance(value, (float, np.floating)):
            return float(value)
        if isinstance(value, (list, tuple)):
            return [self.known(item, name) for item in value]
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and 0 < value.size <= MOST_NUMBERS:
            for key in itertools.chain((name,), (f"{name}_{k}" for k in range(1, 10))):
                mine = self.found.get(key)
                if mine is value or (same and mine is not None and np.array_equal(mine, value)):
                    return _Text(key)
                if key not in self.shapes and key.isidentifier():
                    self.found[key], self.shapes[key] = value, value.shape
                    return _Text(key)
        raise Unreadable

    # Statements

    def block(self, body: Sequence[ast.stmt], frame: _Frame) -> Any:
        """Read statements; what they return, or `_NOTHING`."""
        for position, node in enumerate(body):
            self.tick()
            match node:
                case ast.Return(value=ast.expr() as value):
                    return self.value(value, frame)
                case ast.Assign(targets=[target], value=value):
                    self.assign(target, self.value(value, frame), frame)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self.assign(target, self.value(value, frame), frame)
                case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=into), slice=where), op=op, value=value) if (
                    isinstance(frame.names.get(into), _Text)
                ):
                    frame.names[into] = self.changed(frame.names[into], where, op, self.value(value, frame), frame)
                case ast.AugAssign(target=target, op=op, value=value):
                    before = self.value(_loaded(target), frame)
                    self.assign(target, self.operation(op, before, self.value(value, frame)), frame)
                case ast.For(target=target, iter=source, body=inner, orelse=[]):
                    for item in self.entries(self.value(source, frame)):
                        self.assign(target, item, frame)
                        if self.block(inner, frame) is not _NOTHING:
                            raise Unreadable
                case ast.If(test=test, body=inner, orelse=other):
                    condition, rest = self.value(test, frame), body[position + 1 :]
                    if isinstance(condition, bool):
                        return self.block([*(inner if condition else other), *rest], frame)
                    if any(isinstance(part, ast.Return) for part in ast.walk(node)):
                        return self.branch(condition, inner, [*other, *rest], frame)
                    self.either(condition, inner, other, frame)
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=kept), attr="append"), args=[item])):
                    items = frame.names.get(kept)
                    if not isinstance(items, list):
                        raise Unreadable
                    frame.names[kept] = [*items, self.value(item, frame)]
                case ast.Import(names=names):
                    for name in names:
                        top = name.name.partition(".")[0]
                        frame.around[name.asname or top] = sys.modules.get(name.name if name.asname else top)
                case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Assert():
                    continue
                case _:
                    raise Unreadable
        return _NOTHING

    def branch(self, condition: Any, inner: Sequence[ast.stmt], rest: Sequence[ast.stmt], frame: _Frame) -> Any:
        """An `if` whose branch returns; `rest` is what follows where it is not taken."""
        if not any(isinstance(node, ast.Return) for node in inner):
            raise Unreadable
        taken = self.block(inner, replace(frame, names=dict(frame.names)))
        other = self.block(rest, frame)
        if taken is _NOTHING or other is _NOTHING:
            raise Unreadable
        return self.chosen(condition, taken, other)

    def either(self, condition: Any, inner: Sequence[ast.stmt], other: Sequence[ast.stmt], frame: _Frame) -> None:
        """An `if` that assigns: what its branches leave in each name, chosen by the condition."""
        taken, left = (replace(frame, names=copy.deepcopy(frame.names)) for _ in range(2))
        if self.block(inner, taken) is not _NOTHING or self.block(other, left) is not _NOTHING:
            raise Unreadable
        frame.names.clear()
        for name in taken.names.keys() & left.names.keys():
            one, two = taken.names[name], left.names[name]
            frame.names[name] = one if one == two else self.chosen(condition, one, two)

    def chosen(self, condition: Any, taken: Any, other: Any) -> Any:
        if isinstance(taken, list) and isinstance(other, list) and len(taken) == len(other):
            return [self.chosen(condition, a, b) for a, b in zip(taken, other, strict=True)]
        return self.made(f"where({self.text(condition)}, {self.text(taken)}, {self.text(other)})")

    def assign(self, target: ast.expr, value: Any, frame: _Frame) -> None:
        match target:
            case ast.Name(id=name):
                frame.names[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                items = self.entries(value)
                if len(items) != len(parts):
                    raise Unreadable
                for part, item in zip(parts, items, strict=True):
                    self.assign(part, item, frame)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Slice() as part):
                into = frame.names.get(name)
                ends = [None if end is None else self.value(end, frame) for end in (part.lower, part.upper, part.step)]
                if not isinstance(into, _Cells) or not all(end is None or type(end) is int for end in ends):
                    raise Unreadable
                places = range(*slice(*ends).indices(into.shape[0]))
                items = [value] * len(places) if self.shape(value) == () else self.entries(value)
                for where, item in zip(places, items, strict=True):
                    self.put(into, where, item)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as key)):
                into = frame.names.get(name)
                if not isinstance(into, dict):
                    raise Unreadable
                into[key] = value
            case ast.Subscript(value=ast.Name(id=name), slice=where) if isinstance(frame.names.get(name), _Text):
                mask = self.value(where, frame)  # h[h <= 0] = 0
                if not isinstance(mask, _Text) or self.shape(mask) != self.shape(frame.names[name]):
                    raise Unreadable
                if self.shape(value) != () or not isinstance(self.tree(mask.text), (Compare, Call)):
                    raise Unreadable
                frame.names[name] = self.made(f"where({mask.text}, {self.text(value)}, {self.text(frame.names[name])})")
            case ast.Subscript(value=ast.Name(id=name), slice=where):
                self.put(frame.names.get(name), self.value(where, frame), value)
            case _:
                raise Unreadable

    def changed(self, before: Any, where: ast.expr, op: ast.operator, value: Any, frame: _Frame) -> Any:
        """`p[np.arange(n), labels] -= 1`: an array with a number added to one entry of each row."""
        chosen = self.one_of_each_row(before, where, frame)
        if chosen is None or not isinstance(op, (ast.Add, ast.Sub)) or self.shape(value) != ():
            raise Unreadable
        return self.operation(op, before, chosen if value == 1 else self.operation(ast.Mult(), value, chosen))

    def one_of_each_row(self, value: Any, where: ast.expr, frame: _Frame) -> _Text | None:
        """For an index `[np.arange(n), labels]` into a matrix: the matrix with a 1 at each of these places."""
        shape = self.shape(value) if isinstance(value, _Text) else ()
        if len(shape) != 2 or not isinstance(where, ast.Tuple) or len(where.elts) != len(shape):
            return None
        if any(isinstance(part, (ast.Slice, ast.Constant)) for part in where.elts):
            return None
        rows, labels = (self.value(part, frame) for part in where.elts)
        name = labels.text if isinstance(labels, _Text) else "labels"
        numbers = np.asarray(self.found.get(name) if isinstance(labels, _Text) else labels)
        if rows != list(range(shape[0])) or numbers.dtype.kind not in "iu" or numbers.shape != shape[:1]:
            return None
        if not ((numbers >= 0) & (numbers < shape[1])).all():
            return None
        found: _Text = self.known(np.eye(shape[1])[numbers], f"one_hot_{name}", same=True)
        return found

    def put(self, into: Any, where: Any, value: Any) -> None:
        """An entry, or a row, of an array that is put together."""
        if not isinstance(into, _Cells):
            raise Unreadable
        index = tuple(where) if isinstance(where, list) else (where,)
        if not all(type(i) is int for i in index) or len(index) > len(into.shape):
            raise Unreadable
        if not all(-size <= i < size for i, size in zip(index, into.shape, strict=False)):
            raise Unreadable
        index = tuple(i % size for i, size in zip(index, into.shape, strict=False))
        if len(index) < len(into.shape):
            if self.shape(value) != into.shape[len(index) :]:
                raise Unreadable
            for k, item in enumerate(self.entries(value)):
                self.put(into, [*index, k], item)
        elif self.shape(value) == ():
            into.cells[index] = value
        else:
            raise Unreadable

    # Expressions

    def value(self, node: ast.expr, frame: _Frame) -> Any:
        self.tick()
        match node:
            case ast.Constant(value=bool() as value):
                return value
            case ast.Constant(value=value):
                return self.known(value, "")
            case ast.Name(id=name):
                return frame.names[name] if name in frame.names else self.global_value(name, frame)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return [self.value(part, frame) for part in parts]
            case ast.Dict(keys=keys, values=parts):
                return {_word(key): self.value(part, frame) for key, part in zip(keys, parts, strict=True)}
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.value(operand, frame)
                return -value if isinstance(value, (int, float)) else self.made(f"(-{self.text(value)})")
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand, frame)
            case ast.BinOp(left=left, op=op, right=right):
                return self.operation(op, self.value(left, frame), self.value(right, frame))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                a, b = self.value(left, frame), self.value(right, frame)
                if isinstance(a, int) and isinstance(b, int):
                    return _compared(op, a, b)
                return self.made(f"({self.text(a)} {_COMPARISONS[type(op)]} {self.text(b)})")
            case ast.IfExp(test=test, body=body, orelse=other):
                condition = self.value(test, frame)
                if isinstance(condition, bool):
                    return self.value(body if condition else other, frame)
                return self.chosen(condition, self.value(body, frame), self.value(other, frame))
            case ast.Subscript(value=inner, slice=where):
                return self.item(self.value(inner, frame), where, frame)
            case ast.Attribute(value=inner, attr=name):
                return self.attribute(inner, name, frame)
            case ast.ListComp(elt=element, generators=[loop]) | ast.GeneratorExp(elt=element, generators=[loop]):
                if loop.ifs or loop.is_async:
                    raise Unreadable
                out, inside = [], replace(frame, names=dict(frame.names))
                for item in self.entries(self.value(loop.iter, frame)):
                    self.assign(loop.target, item, inside)
                    out.append(self.value(element, inside))
                return out
            case ast.Call(func=function, args=given, keywords=named):
                if any(isinstance(a, ast.Starred) for a in given) or any(k.arg is None for k in named):
                    raise Unreadable
                values = [self.value(a, frame) for a in given]
                options = {k.arg: self.value(k.value, frame) for k in named if k.arg is not None and k.arg != "dtype"}
                return self.applied(function, values, options, frame)
        raise Unreadable

    def tick(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Unreadable

    def global_value(self, name: str, frame: _Frame) -> Any:
        if name not in frame.around:
            raise Unreadable
        value = frame.around[name]
        if isinstance(value, float) and name.isidentifier() and name not in BUILTIN_NAMES:
            return self.constant(float(value), name)
        return self.known(value, name)

    def constant(self, value: float, name: str) -> Any:
        """A number of the module by its name, which a diagnosis may then name as well."""
        for key in itertools.chain((name,), (f"{name}_{k}" for k in range(1, 10))):
            if key in self.found and self.found[key].shape == () and float(self.found[key]) == value:
                return _Text(key)
            if key not in self.shapes and math.isfinite(value):
                self.found[key], self.shapes[key] = np.array(value), ()
                return _Text(key)
        raise Unreadable

    def operation(self, op: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):  # as in an index; 2.0*9.81 is told as it is written
            return _computed(op, left, right)
        if type(op) not in _OPERATORS:
            raise Unreadable
        if isinstance(left, list) and isinstance(right, list):  # of lists + is no sum
            raise Unreadable
        if isinstance(op, (ast.Add, ast.Sub)) and right == 0:
            return left
        if isinstance(op, ast.Add) and left == 0:
            return right
        level = _LEVELS.get(type(op), "")
        first = left.open if isinstance(left, _Text) and level and left.level == level else self.text(left)
        text = f"{first} {_OPERATORS[type(op)]} {self.text(right)}"
        return replace(self.made(f"({text})"), open=text, level=level)

    def item(self, value: Any, where: ast.expr, frame: _Frame) -> Any:
        if isinstance(value, dict):
            return value[_word(where)]
        chosen = self.one_of_each_row(value, where, frame)
        if chosen is not None:
            return self.made(f"sum({self.text(value)} * {chosen.text}, axis=1)")
        parts = where.elts if isinstance(where, ast.Tuple) else [where]
        if any(self.is_new_axis(part, frame) for part in parts):
            return self.with_new_axes(value, parts, frame)
        if isinstance(value, (list, _Cells)):
            if len(parts) == 1 and isinstance(parts[0], ast.Slice):
                lower, upper, step = (
                    None if end is None else int(self.place(end, frame))
                    for end in (parts[0].lower, parts[0].upper, parts[0].step)
                )
                return self.entries(value)[lower:upper:step]
            if not any(isinstance(part, ast.Slice) for part in parts):
                index = [self.value(part, frame) for part in parts]
                if all(type(i) is int for i in index):
                    for i in index:
                        value = self.entries(value)[i]
                    return value
        return self.made(f"{self.text(value)}[{', '.join(self.place(part, frame) for part in parts)}]")

    def is_new_axis(self, part: ast.expr, frame: _Frame) -> bool:
        match part:
            case ast.Constant(value=None):
                return True
            case ast.Attribute(value=inner, attr="newaxis"):
                return self.reached(inner, frame) is not None
        return False

    def with_new_axes(self, value: Any, parts: Sequence[ast.expr], frame: _Frame) -> Any:
        """`v[:, None]`: an index that brings in axes of length 1."""
        others = [part for part in parts if not self.is_new_axis(part, frame)]
        plain = all(isinstance(part, ast.Slice) and ast.unparse(part) == ":" for part in others)
        taken = value if plain else self.item(value, ast.Tuple(others, ast.Load()), frame)
        left, shape = list(self.shape(taken)), []
        for part in parts:
            if self.is_new_axis(part, frame):
                shape.append(1)
            elif isinstance(part, ast.Slice):
                shape.append(left.pop(0))
        return self.reshaped(taken, [*shape, *left])

    def place(self, part: ast.expr, frame: _Frame) -> str:
        if isinstance(part, ast.Slice):
            ends = [part.lower, part.upper, part.step]
            texts = ["" if end is None else self.place(end, frame) for end in ends]
            return ":".join(texts[:2]) + (f":{texts[2]}" if texts[2] else "")
        value = self.value(part, frame)
        if type(value) is not int:
            raise Unreadable
        return str(value)

    def attribute(self, inner: ast.expr, name: str, frame: _Frame) -> Any:
        found = self.reached(inner, frame)
        if found is not None:  # a number of a library, or of the user's own module
            number = getattr(found, name, None)
            return (
                _Text("pi")
                if isinstance(number, float) and number == math.pi and "pi" not in self.shapes
                else self.known(number, name)
            )
        value = self.value(inner, frame)
        match name:
            case "T":
                return value if len(self.shape(value)) < 2 else self.made(f"{self.text(value)}.T")
            case "shape":
                return list(self.shape(value))
            case "size":
                return math.prod(self.shape(value))
            case "ndim":
                return len(self.shape(value))
        raise Unreadable

    def reached(self, node: ast.expr, frame: _Frame) -> types.ModuleType | None:
        """The module that `np` or `np.linalg` stands for, if it stands for one."""
        match node:
            case ast.Name(id=name) if name not in frame.names:
                found = frame.around.get(name)
            case ast.Attribute(value=inner, attr=name):
                outer = self.reached(inner, frame)
                found = None if outer is None else getattr(outer, name, None)
            case _:
                return None
        return found if isinstance(found, types.ModuleType) else None

    def applied(self, function: ast.expr, given: list[Any], named: dict[str, Any], frame: _Frame) -> Any:
        match function:
            case ast.Attribute(value=inner, attr=name):
                module = self.reached(inner, frame)
                if module is None and _is_normal(inner, frame):
                    found = normal(self, name, given) if not named else None
                    return self.fail() if found is None else found
                if module is None:
                    return self.library(name, [self.value(inner, frame), *given], named)
                if module.__name__.partition(".")[0] in _LIBRARIES:
                    return self.library(name, given, named)
                return self.call(getattr(module, name, None), given, named, frame.depth + 1)
            case ast.Name(id=name) if name not in frame.names:
                found = frame.around.get(name)
                if found is None and name in _BUILTINS:
                    return self.builtin(name, given, named)
                if isinstance(found, types.FunctionType) and not _is_library(found):
                    return self.call(found, given, named, frame.depth + 1)
                if _is_library(found):
                    return self.library(getattr(found, "__name__", ""), given, named)
        raise Unreadable

    def builtin(self, name: str, given: list[Any], named: Mapping[str, Any]) -> Any:
        if name == "dict" and not given:
            return dict(named)
        if set(named) - ({"strict"} if name == "zip" else set()) or not given:
            raise Unreadable
        match name:
            case "len":
                return self.shape(given[0])[0]
            case "range":
                return list(range(*given)) if all(type(g) is int for g in given) else self.fail()
            case "enumerate":
                return [[i, item] for i, item in enumerate(self.entries(given[0]))]
            case "zip":
                return [list(items) for items in zip(*map(self.entries, given), strict=False)]
            case "list" | "tuple":
                return self.entries(given[0])
            case "reversed":
                return self.entries(given[0])[::-1]
            case "float":
                return float(given[0]) if isinstance(given[0], (int, float)) else given[0]
            case "sum":
                items = [*given[1:], *self.entries(given[0])]
                return items[0] if len(items) == 1 else self.made(f"({' + '.join(map(self.text, items))})")
            case "abs":
                return self.made(f"abs({self.text(given[0])})")
            case "max" | "min":
                items = self.entries(given[0]) if len(given) == 1 else given
                return self.made(f"{name}imum({', '.join(map(self.text, items))})")
            case "pow":
                return self.operation(ast.Pow(), *given)
        raise Unreadable

    def reshaped(self, value: Any, sizes: list[Any]) -> Any:
        """`reshape` and its kin, in C order."""
        if len(sizes) == 1 and isinstance(sizes[0], list):
            sizes = sizes[0]
        before = self.shape(value)
        if not sizes or not all(type(size) is int for size in sizes) or sizes.count(-1) > 1:
            raise Unreadable
        known = math.prod(size for size in sizes if size != -1)
        shape = tuple(math.prod(before) // known if size == -1 else size for size in sizes)
        if math.prod(shape) != math.prod(before):
            raise Unreadable
        if shape == before:
            return value
        sizes_text = str(shape[0]) if len(shape) == 1 else str(shape)
        return self.made(f"reshape({self.text(value)}, {sizes_text})")

    def library(self, name: str, given: list[Any], named: dict[str, Any]) -> Any:
        """A function of NumPy, SciPy or math by its name; a method with the array as its first argument."""
        known = spelled(self, name, given, named)
        if known is not None:
            return known
        if name in _ARRAYS and len(given) == 1:
            return self.made(self.text(given[0])) if not isinstance(given[0], (int, float)) else given[0]
        if name in ("copy", "astype", "item", "squeeze") and given:
            return given[0]
        if name in ("ravel", "flatten", "reshape") and given and not named:
            return self.reshaped(given[0], [-1] if name != "reshape" else given[1:])
        if name in ("zeros", "empty", "ones", "zeros_like", "empty_like", "ones_like") and len(given) == 1:
            like = name.endswith("_like")
            shape = self.shape(given[0]) if like else _as_shape(given[0])
            if math.prod(shape) > MOST_ENTRIES:
                raise Unreadable
            return _Cells(shape, dict.fromkeys(itertools.product(*map(range, shape)), float("ones" in name)))
        if name == "arange" and not named and all(type(g) is int for g in given):
            return list(range(*given)) if given and len(range(*given)) <= MOST_ENTRIES else self.fail()
        if name in ("dot", "matmul", "inner", "vdot") and len(given) == 2 and not named:
            return self.made(f"({self.text(given[0])} @ {self.text(given[1])})")
        if name == "diag" and len(given) == 1 and len(self.shape(given[0])) == 1:
            return self.made(f"({self.text(given[0])} * eye({self.shape(given[0])[0]}))")
        known = ALIASES.get(name, name)
        if known not in FUNCTIONS or not given:
            raise Unreadable
        axis = named.pop("axis", None)
        if axis is None and known in REDUCTIONS and len(given) == 2:
            axis = given.pop()
        keep = named.pop("keepdims", False) if known in REDUCTIONS else False
        if named or (axis is not None and type(axis) is not int):
            raise Unreadable
        along = "" if axis is None else f", axis={axis}"
        made = self.made(f"{known}({', '.join(map(self.text, given))}{along})")
        if keep is False:
            return made
        before = self.shape(given[0])
        return self.reshaped(made, [1 if axis is None or k == axis % len(before) else n for k, n in enumerate(before)])


def _definition(function: types.FunctionType) -> ast.FunctionDef | ast.Lambda:
    """The `def`, or the one `lambda` with these parameters, in the function's source."""
    tree = tree_of(function)
    if tree is None:
        raise Unreadable
    if tree.body and isinstance(tree.body[0], ast.FunctionDef) and function.__name__ == tree.body[0].name:
        return tree.body[0]
    count = function.__code__.co_argcount
    names = list(function.__code__.co_varnames[:count])
    lambdas = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and [a.arg for a in n.args.args] == names]
    if len(lambdas) != 1 or function.__name__ != "<lambda>":
        raise Unreadable
    return lambdas[0]


def _word(key: ast.expr | None) -> str:
    """A key of a dictionary that is written out."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value
    raise Unreadable


def _is_library(found: Any) -> bool:
    if isinstance(found, np.ufunc):
        return True
    return str(getattr(found, "__module__", "")).partition(".")[0] in _LIBRARIES


def _is_normal(node: ast.expr, frame: _Frame) -> bool:
    """Whether this is SciPy's standard normal distribution."""
    found = frame.around.get(node.id) if isinstance(node, ast.Name) and node.id not in frame.names else None
    kind = type(found)
    return kind.__module__.partition(".")[0] in _LIBRARIES and kind.__name__ == "norm_gen"


def _loaded(target: ast.expr) -> ast.expr:
    """A target as what is read at its place."""
    match target:
        case ast.Name(id=name):
            return ast.Name(name, ast.Load())
        case ast.Subscript(value=value, slice=where):
            return ast.Subscript(value, where, ast.Load())
    raise Unreadable


def _nested(value: _Cells, lead: Shape) -> Any:
    if len(lead) == len(value.shape):
        return value.cells[lead]
    return [_nested(value, (*lead, i)) for i in range(value.shape[len(lead)])]


def _as_shape(value: Any) -> Shape:
    sizes: Iterable[Any] = value if isinstance(value, list) else (value,)
    shape = tuple(sizes)
    if not all(type(size) is int and 0 < size <= MOST_ENTRIES for size in shape):
        raise Unreadable
    return shape


def _compared(op: ast.cmpop, left: int, right: int) -> bool:
    match op:
        case ast.Lt():
            return left < right
        case ast.LtE():
            return left <= right
        case ast.Gt():
            return left > right
        case ast.GtE():
            return left >= right
        case ast.Eq():
            return left == right
    return left != right


def _computed(op: ast.operator, left: int, right: int) -> float:
    """Arithmetic of plain numbers, such as that of an index."""
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return left // right
        case ast.Mod():
            return left % right
        case ast.Pow() if abs(right) <= LARGEST_POWER and abs(left) <= MOST_NUMBERS:
            result: float = left**right
            if not isinstance(result, complex):
                return result
    raise Unreadable
