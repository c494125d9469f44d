"""A submission's text: the passages in it that differentiate by themselves, and copies in which they are changed."""

from __future__ import annotations

import ast
import functools
import io
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gradverify.grading.source.carried import Carried
from gradverify.grading.source.file import File, TooMuchError
from gradverify.grading.source.inlined import inlined
from gradverify.grading.source.model import Found
from gradverify.grading.source.quotients import Quotients
from gradverify.grading.source.steps import Steps

MOST_CHARACTERS = 200_000  # of one file
MOST_FILES = 20
MOST_PASSAGES = 40
MOST_NODES = 60_000  # of one file: beyond that it is no program that anybody wrote for a lesson


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

    @property
    def passages(self) -> tuple[Found, ...]:
        """All passages that differentiate by themselves, in order."""
        return self._read[0]

    @property
    def given_up(self) -> tuple[str, ...]:
        """The files that could not be read, or not to their end."""
        return (*(name for name in self.files if name not in self.trees), *self._read[1])

    @functools.cached_property
    def _read(self) -> tuple[tuple[Found, ...], tuple[str, ...]]:
        found: list[Found] = []
        given_up = []
        for name, tree in self.trees.items():
            try:
                found.extend(_passages(name, tree))  # one by one: what was found until then counts
            except (RecursionError, TooMuchError):
                given_up.append(name)
        return tuple(found[:MOST_PASSAGES]), tuple(given_up)

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


def source_text(data: bytes) -> str:
    """A Python file's text as Python reads it: by the encoding that it names, and with what is none replaced."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:  # Python takes such bytes all the same where they stand in a comment
        encoding = "utf-8-sig"
    return data.decode(encoding, errors="replace")


def _parsed(text: str) -> ast.Module | None:
    if len(text) > MOST_CHARACTERS:
        return None
    try:
        tree = inlined(ast.parse(text))
        # Deep nesting ends in one of these errors, here or where trees are walked recursively.
        ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if sum(1 for _ in ast.walk(tree)) <= MOST_NODES else None


def _passages(name: str, tree: ast.Module) -> Iterator[Found]:
    """The passages of one file, in `ast.walk`'s order."""
    file = File(tree)
    quotients, carried = Quotients(file, Steps(file)), Carried(file)
    for number, node in enumerate(ast.walk(tree)):
        kind = quotients.kind(node) or carried.kind(node)
        if kind is not None:
            assert isinstance(node, ast.expr | ast.AugAssign)
            yield Found(kind, name, node.lineno, _short(ast.unparse(node)), number, quotients.step(node))


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


def _short(text: str, most: int = 100) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
