"""gradverify's own reporters and function loader, offered through the same hooks as anybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from gradverify.hookspecs import FunctionLoader, Reporter, hookimpl

if TYPE_CHECKING:
    from gradverify.core.descent.run import DescentMethod


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


@hookimpl
def gradverify_descent_methods() -> Iterable[DescentMethod]:
    """Plain gradient descent, its accelerated kin, and SciPy's minimisers."""
    from gradverify.core.descent.methods import BUNDLED
    from gradverify.plugins.scipy_methods import METHODS

    return (*BUNDLED, *METHODS)


@hookimpl
def gradverify_executors() -> Mapping[str, Callable[[str], Executor]]:
    """`serial`, `dask:ADDRESS` and `mpi`."""
    from gradverify.run.clusters import EXECUTORS

    return EXECUTORS
