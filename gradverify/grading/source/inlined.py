"""Text that a file runs by `exec` or `eval`, put in its place where it stands in the file itself. Nothing is run."""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import textwrap
from typing import TypeVar

Node = TypeVar("Node", ast.stmt, ast.expr)

RUNNING = frozenset(("exec", "eval"))
LOADING = frozenset(("exec_module", "load_module", "run_path"))  # that run a file under whatever name it has
DEEPEST = 3  # texts within texts
MOST_CHARACTERS = 100_000  # of such texts


def inlined(tree: ast.Module) -> ast.Module:
    """The tree with what is run from constant texts in the place of the calls that run it."""
    for _ in range(DEEPEST):
        inliner = _Inliner(_texts(tree))
        tree = inliner.visit(tree)
        if not inliner.changed:
            break
    return ast.fix_missing_locations(tree)


def runs_unread_text(tree: ast.Module) -> ast.expr | None:
    """Where code is run that stands nowhere in the file, so that nobody can read it there; None where it is not."""
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in RUNNING - defined:
                return node
            case ast.Name(id=name, ctx=ast.Load()) if name in RUNNING - defined:  # `run = exec`
                return node
            case ast.Call(func=ast.Attribute(value=ast.Name(id="builtins"), attr=name)) if name in RUNNING:
                return node
            case ast.Call(func=ast.Attribute(attr=name)) if name in LOADING - defined:
                return node
            case ast.Call(func=ast.Attribute(value=ast.Name(id="marshal"), attr="loads")):
                return node
            case _:
                pass
    return None


def _texts(tree: ast.Module) -> dict[str, str]:
    """Names that stand for one constant text each."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    texts: dict[str, str] = {}
    for name, values in found.items():
        text = _text(values[0], {}) if len(values) == 1 else None
        if text is not None:
            texts[name] = text
    return texts


def _text(node: ast.expr, names: dict[str, str]) -> str | None:
    """The text that an expression comes to, with what is often done to hide it undone."""
    match node:
        case ast.Constant(value=str() as text):
            return text[:MOST_CHARACTERS]
        case ast.Constant(value=bytes() as data):
            return data[:MOST_CHARACTERS].decode("utf-8", "replace")
        case ast.Name(id=name):
            return names.get(name)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            one, other = _text(left, names), _text(right, names)
            return None if one is None or other is None else (one + other)[:MOST_CHARACTERS]
        case ast.Subscript(value=inner, slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp())):
            forwards = _text(inner, names)
            return None if forwards is None else forwards[::-1]
        case ast.Call(func=ast.Attribute(value=inner, attr="decode" | "strip" | "lstrip" | "encode")) if (
            plain := _text(inner, names)
        ) is not None:
            return plain
        case ast.Call(
            func=ast.Attribute(value=separator, attr="join"), args=[ast.List(elts=elts) | ast.Tuple(elts=elts)]
        ):
            parts, between = [_text(part, names) for part in elts], _text(separator, names)
            return None if between is None or None in parts else between.join(p for p in parts if p is not None)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[inner, *more]):
            return _decoded(name, _text(inner, names), [_text(part, names) for part in more])
        case _:
            return None


def _decoded(how: str, text: str | None, more: list[str | None]) -> str | None:
    if text is None:
        return None
    try:
        match how:
            case "compile" | "str":
                return text
            case "dedent":
                return textwrap.dedent(text)
            case "b64decode":
                return base64.b64decode(text).decode()
            case "fromhex" | "unhexlify":
                return bytes.fromhex(text).decode()
            case "decode" if more and more[0] in ("rot13", "rot_13"):
                return codecs.decode(text, "rot13")
            case _:
                return None
    except (ValueError, binascii.Error):
        return None


class _Inliner(ast.NodeTransformer):
    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts
        self._left = MOST_CHARACTERS  # of all texts together: one may be run again and again
        self.changed = False

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        match node.value:
            case ast.Call(func=ast.Name(id="exec"), args=[given, *_]):
                tree = self._parsed(given, "exec")
                if isinstance(tree, ast.Module) and tree.body:
                    return [_placed(part, node) for part in tree.body]
            case _:
                pass
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Name(id="eval"), args=[given, *_]):
                tree = self._parsed(given, "eval")
                if isinstance(tree, ast.Expression):
                    return _placed(tree.body, node)
            case _:
                pass
        return self.generic_visit(node)

    def _parsed(self, given: ast.expr, mode: str) -> ast.AST | None:
        text = _text(given, self._texts)
        if text is None or len(text) > self._left:
            return None
        self._left -= len(text)
        try:
            tree = ast.parse(text if mode == "exec" else text.strip(), mode=mode)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        self.changed = True
        return tree


def _placed(part: Node, at: ast.stmt | ast.expr) -> Node:
    """The node, and all below it, at the line of another."""
    for node in ast.walk(part):
        if isinstance(node, ast.stmt | ast.expr | ast.excepthandler | ast.arg | ast.keyword | ast.alias):
            node.lineno = node.end_lineno = at.lineno
            node.col_offset, node.end_col_offset = at.col_offset, at.col_offset
    return part
