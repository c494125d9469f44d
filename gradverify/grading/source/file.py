"""One file of a submission: what the names in it stand for, followed no further than a bounded amount of work."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

DEEP = 5  # names that are followed from one to the next
# Nodes that are looked at in one file, all searches together: whoever wants the grader to wait gets this far.
MOST_WORK = 1_000_000
LOOKING_UP = 20  # what looking a name up counts
MOST_MEANINGS = 12  # of one name


class TooMuchError(Exception):
    """The file's names lead to one another without end."""


class File:
    """A file as a tree, and what is assigned, called and defined in it."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._left = MOST_WORK
        self._kept: dict[tuple[str, int], Any] = {}
        self.parents: dict[int, ast.AST] = {}
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self.parents[id(child)] = node
        self._assigned: dict[tuple[int, str], list[ast.expr]] = {}
        self._changed: dict[tuple[int, str], list[ast.AugAssign]] = {}
        self._calls: dict[str, list[ast.Call]] = {}
        self._functions: dict[str, list[ast.FunctionDef | ast.Lambda]] = {}
        for node in ast.walk(tree):
            self._note(node)

    def spend(self, work: int) -> None:
        """Count some work. Raises TooMuchError when there has been too much."""
        self._left -= work
        if self._left < 0:
            raise TooMuchError

    def walk(self, whole: ast.AST) -> Iterator[ast.AST]:
        """All nodes of a part of the file, counted."""
        for node in ast.walk(whole):
            self.spend(1)
            yield node

    def once(self, what: str, whole: ast.AST, find: Callable[[ast.AST], T]) -> T:
        """What is found in a part of the file, looked for once."""
        key = (what, id(whole))
        if key not in self._kept:
            self._kept[key] = find(whole)
        found: T = self._kept[key]
        return found

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self._bind(target, value)
            case ast.AugAssign(target=target):
                for key in self._keys(target):
                    self._changed.setdefault(key, []).append(node)
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
        base = _whole(target)
        if isinstance(base, ast.Name):
            return [(id(self.scope(target)), base.id)]
        return [(id(self.tree), base.attr)] if isinstance(base, ast.Attribute) else []

    def scope(self, node: ast.AST) -> ast.AST:
        """The function, lambda or file that a node belongs to."""
        while not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module):
            node = self.parents[id(node)]
        return node

    def scopes(self, node: ast.AST) -> Iterator[ast.AST]:
        """Those around a node, from the inside out."""
        scope = self.scope(node)
        yield scope
        while not isinstance(scope, ast.Module):
            scope = self.scope(self.parents[id(scope)])
            yield scope

    def meanings(self, node: ast.expr) -> list[ast.expr]:
        """The expressions that a name, or a part of what it names, may stand for."""
        self.spend(LOOKING_UP)
        base = _whole(node)
        if isinstance(base, ast.Attribute):
            return self._assigned.get((id(self.tree), base.attr), [])[:MOST_MEANINGS]
        if not isinstance(base, ast.Name):
            return [base] if base is not node else []
        for scope in self.scopes(node):
            found = self._assigned.get((id(scope), base.id), [])[:MOST_MEANINGS]
            found = [value for value in found if value is not node]
            if found:
                return found
            if not isinstance(scope, ast.Module) and (given := self.given(scope, base.id)) is not None:
                return given
        return []

    def given(self, scope: ast.AST, name: str) -> list[ast.expr] | None:
        """What a parameter is given: its default, and what the file's own calls pass; None where it is no parameter."""
        assert isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        positional = [*scope.args.posonlyargs, *scope.args.args]
        names = [argument.arg for argument in positional]
        if isinstance(self.parents[id(scope)], ast.ClassDef):
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
        parent = self.parents[id(scope)]
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
            return parent.targets[0].id
        return ""

    def changes(self, node: ast.expr) -> list[ast.AugAssign]:
        """How what a name stands for is changed in place: `h /= 2`."""
        self.spend(LOOKING_UP)
        base = _whole(node)
        if not isinstance(base, ast.Name):
            return []
        for scope in self.scopes(node):
            if found := self._changed.get((id(scope), base.id)):
                return found[:MOST_MEANINGS]
        return []

    def returned(self, call: ast.Call) -> list[ast.expr]:
        """What the file's functions that a call may reach return."""
        found: list[ast.expr] = []
        for function in self.functions_of(call):
            found += self.once("returned", function, self._returned)
        return found[:MOST_MEANINGS]

    def _returned(self, function: ast.AST) -> list[ast.expr]:
        if isinstance(function, ast.Lambda):
            return [function.body]
        returns = (node for node in self.walk(function) if isinstance(node, ast.Return))
        return [node.value for node in returns if node.value is not None and self.scope(node) is function]

    def functions_of(self, call: ast.Call) -> list[ast.FunctionDef | ast.Lambda]:
        """The file's functions that a call may reach, by name or as what a parameter is given."""
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        found = self._functions_meant(call.func) + self._functions.get(method, [])
        return found[:MOST_MEANINGS]

    def is_parameter(self, node: ast.expr) -> bool:
        """Whether a name is a parameter of the function that it stands in."""
        scope = self.scope(node)
        return (
            isinstance(node, ast.Name) and not isinstance(scope, ast.Module) and self.given(scope, node.id) is not None
        )

    def is_given(self, node: ast.Name) -> bool:
        """Whether a name is a parameter of the function that it stands in, `self` included."""
        scope = self.scope(node)
        if isinstance(scope, ast.Module):
            return False
        assert isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        return any(a.arg == node.id for a in (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs))

    def _functions_meant(self, node: ast.expr, deep: int = DEEP) -> list[ast.FunctionDef | ast.Lambda]:
        if isinstance(node, ast.Lambda):
            return [node]
        if not isinstance(node, ast.Name) or not deep:
            return []
        found = list(self._functions.get(node.id, []))
        for meaning in self.meanings(node):
            found += self._functions_meant(meaning, deep - 1)
        return found


def _whole(node: ast.expr) -> ast.expr:
    """What a node is a part of: `a` of `a[0][1]`, and of `*a`."""
    while isinstance(node, ast.Subscript | ast.Starred):
        node = node.value
    return node
