"""Does f itself hold a difference quotient, so that its formula may hold one, too; and with which step?"""

from __future__ import annotations

import ast
from pathlib import Path

from gradverify.expression.text import to_text
from gradverify.grading.source.text import Text
from gradverify.spec.model import ExpressionSource, Source, Spec

F = "f.py"  # what f's text is called


def step_in_f(spec: Spec) -> float | None:
    """The smallest step of the difference quotients that f itself holds; 0 where one is unknown, None for none."""
    text, lines = _text_of(spec.function, Path(spec.place.file).parent)
    steps = [passage.step or 0.0 for passage in text.passages if lines is None or passage.line in lines]
    return min(steps, default=None)


def _text_of(source: Source, folder: Path) -> tuple[Text, set[int] | None]:
    """f's text, and the lines of it that f is made of; None for all. Of a module elsewhere nothing is known."""
    if isinstance(source, ExpressionSource):
        parts = [source.whole] if source.whole is not None else list((source.by_variable or {}).values())
        return Text({F: "\n".join(f"f = {to_text(part)}" for part in parts)}), None
    place, _, name = source.target.rpartition(":")
    try:
        written = (folder / place.strip()).read_text(encoding="utf-8") if place.strip().endswith(".py") else ""
    except (OSError, UnicodeDecodeError):
        written = ""
    text = Text({F: written})
    return text, _lines_of(text.trees.get(F), name.strip())


def _lines_of(tree: ast.Module | None, name: str) -> set[int]:
    """The lines of a function, and of the functions of the same file whose names it holds."""
    if tree is None:
        return set()
    functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    waiting, seen = [name.partition(".")[0]], set[str]()
    lines: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one in seen or one not in functions:
            continue
        seen.add(one)
        node = functions[one]
        lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        waiting += [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    return lines
