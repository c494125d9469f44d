"""gradverify: is this gradient right?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradverify.python_api import assert_gradient as assert_gradient
    from gradverify.python_api import check as check

__version__ = "0.1.0"
__all__ = ["__version__", "assert_gradient", "check"]


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `import gradverify` (which pytest does at every start) stays light.
    if name in {"check", "assert_gradient"}:
        from gradverify import python_api

        return getattr(python_api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
