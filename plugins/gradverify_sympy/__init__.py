"""Symbolic proofs and exact references with SymPy, as a gradverify plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gradverify.plugin import hookimpl

if TYPE_CHECKING:
    from gradverify.plugin import Backend


@hookimpl  # type: ignore[untyped-decorator]
def gradverify_backends() -> Iterable[Backend]:
    """The `sympy` backend."""
    from gradverify_sympy.backend import SympyBackend

    return [SympyBackend()]
