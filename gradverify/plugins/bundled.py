"""gradverify's own reporters and function loader, offered through the same hooks as anybody's."""

from __future__ import annotations

from collections.abc import Iterable

from gradverify.hookspecs import FunctionLoader, Reporter, hookimpl


@hookimpl
def gradverify_function_loaders() -> Iterable[FunctionLoader]:
    """The `python` loader."""
    from gradverify.functions.python_loader import PythonLoader

    return [PythonLoader()]


@hookimpl
def gradverify_reporters() -> Iterable[Reporter]:
    """The reporters for JSON, JUnit and so on."""
    from gradverify.report.reporters import BUNDLED

    return BUNDLED
