"""The parameters of the function that `module:f` or `file.py:f` names, read from its source without running it."""

from __future__ import annotations

import ast
import importlib.machinery
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from gradverify.cli.parameters import Shape, shape_of


@dataclass(frozen=True, slots=True)
class Signature:
    """The positional parameters without defaults, and the names of the other functions beside the function.

    Where all have defaults, all count.  shapes: the likely shape of each.  keywords: what must be given by keyword.
    """

    parameters: tuple[str, ...]
    neighbours: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()
    keywords: tuple[str, ...] = ()


def signature_of(target: str, directory: Path) -> Signature | None:
    """What the source says of `target`; None where it cannot be found there (a built-in, a decorated object …)."""
    place, _, name = target.rpartition(":")
    path = directory / place if place.endswith(".py") or "/" in place else _module_file(place, directory)
    if path is None:
        return None
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _find(body, name.split("."))


def why_absent(target: str, directory: Path) -> str | None:
    """Why there is certainly no function `target`; None where there is one, or where only running its code can tell."""
    place, _, name = target.rpartition(":")
    if not (place.endswith(".py") or "/" in place):
        return None
    path = directory / place
    if not path.is_file():
        return f"there is no file {place}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    may_come_by_itself = re.search(r"import\s*\*|\b(?:__getattr__|globals|vars|setattr|exec|__dict__)\b", text)
    if may_come_by_itself or re.search(rf"\b{re.escape(name.split('.')[0])}\b", text):
        return None
    return f"{place} has no `{name}`"


def _module_file(module: str, directory: Path) -> Path | None:
    """The source file of `module`, looked for in `directory` first, as the function loader does."""
    search: list[str] | None = [str(directory), *sys.path]
    spec = None
    for part in module.split("."):
        if not search:
            return None
        spec = importlib.machinery.PathFinder.find_spec(part, search)
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or ())
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def _find(body: list[ast.stmt], names: list[str]) -> Signature | None:
    functions = [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in body:
        if isinstance(node, ast.ClassDef) and len(names) > 1 and node.name == names[0]:
            return _find(node.body, names[1:])
        if isinstance(node, ast.FunctionDef) and names == [node.name] and not node.decorator_list:
            arguments = node.args
            positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
            required = positional[: len(positional) - len(arguments.defaults)] or positional
            neighbours = tuple(other.name for other in functions if other.name != node.name)
            shapes = tuple(shape_of(node, name, alone=len(required) == 1) for name in required)
            by_keyword = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            keywords = tuple(argument.arg for argument, default in by_keyword if default is None)
            return Signature(tuple(required), neighbours, shapes, keywords)
    return None
