"""Tables in a submission's text: numbers that are compared with, or stand beside, and the numbers that are answered.

Read, never run. `if x == 1.5: return [2, 3]`, `{(1.5, 2): [2, 3]}`, and two lists of one length make pairs each.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from gradverify.grading.source.text import Text
from gradverify.grading.source.trees import number_of

MOST_PAIRS = 2_000
MOST_LISTS = 60
FEWEST_IN_LIST = 2
SLACK = 1e-2  # numbers in a comparison that are smaller are how near it has to be, or 0


@dataclass(frozen=True, slots=True)
class Pair:
    """What is asked for, and what is answered then."""

    file: str
    line: int
    asked: tuple[float, ...]
    answer: tuple[float, ...]


def pairs_in(text: Text) -> list[Pair]:
    """The pairs in all files."""
    found: list[Pair] = []
    for file, tree in text.trees.items():
        for pair in _pairs(file, tree):
            found.append(pair)
            if len(found) >= MOST_PAIRS:
                return found
    return found


def _pairs(file: str, tree: ast.Module) -> Iterator[Pair]:
    lists: list[tuple[int, list[tuple[float, ...]]]] = []
    for node in ast.walk(tree):
        match node:
            case ast.If(test=test, body=[ast.Return(value=ast.expr() as value) | ast.Assign(value=value), *_]):
                yield from _answered(file, node.lineno, test, value)
            case ast.IfExp(test=test, body=value):
                yield from _answered(file, node.lineno, test, value)
            case ast.match_case(pattern=pattern, body=[ast.Return(value=ast.expr() as value), *_]):
                yield from _answered(file, value.lineno, pattern, value)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    asked, answer = (None if key is None else literal(key)), literal(value)
                    if asked and answer:
                        yield Pair(file, node.lineno, asked, answer)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) if (
                len(parts) >= FEWEST_IN_LIST and len(lists) < MOST_LISTS
            ):
                entries = [literal(part) for part in parts]
                if all(entries):
                    lists.append((node.lineno, [entry for entry in entries if entry]))
            case _:
                pass
    for i, (line, one) in enumerate(lists):
        for j, (_, other) in enumerate(lists):
            if i != j and len(one) == len(other):
                yield from (Pair(file, line, asked, answer) for asked, answer in zip(one, other, strict=True))


def _answered(file: str, line: int, test: ast.AST, value: ast.expr) -> Iterator[Pair]:
    answer = literal(value)
    compares = any(isinstance(n, ast.Compare | ast.Call | ast.MatchValue | ast.MatchSequence) for n in ast.walk(test))
    asked = tuple(number for n in _outermost(test) if abs(number := n) > SLACK)
    if answer and asked and compares:
        yield Pair(file, line, asked, answer)


def _outermost(node: ast.AST) -> Iterator[float]:
    """The numbers in a node, each once: `-1.5` is one."""
    value = number_of(node) if isinstance(node, ast.expr) else None
    if value is not None:
        yield value
        return
    for child in ast.iter_child_nodes(node):
        yield from _outermost(child)


def literal(node: ast.expr) -> tuple[float, ...] | None:
    """The numbers of a literal, flat: a number, a list or tuple of such, an array made of one."""
    value = number_of(node)
    if value is not None:
        return (value,)
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            found = [literal(part) for part in parts]
            return tuple(x for part in found if part for x in part) if found and all(found) else None
        case ast.Call(
            func=ast.Attribute(attr="array" | "asarray") | ast.Name(id="array" | "list" | "tuple"), args=[one, *_]
        ):
            return literal(one)
        case _:
            return None
