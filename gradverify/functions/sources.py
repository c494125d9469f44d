"""A Python function's source as a tree. It is read, and never run."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any


def tree_of(function: Any) -> ast.Module | None:
    """The source of `function`; None where there is none: built in, generated, or not indented as a whole."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, ValueError, SyntaxError):
        return None
