"""The whole contract between gradverify and its plugins: every hook, with an example each.

A plugin is a module (or object) registered under the `gradverify` entry-point group:

    [project.entry-points.gradverify]
    my-backend = "my_package.plugin"

It marks its functions with `gradverify.plugin.hookimpl`. Each implementation is called on its own: one that
raises, or returns something of the wrong type, costs its own results only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import pluggy

if TYPE_CHECKING:
    from gradverify.core.descent.run import DescentMethod
    from gradverify.core.estimates import Backend
    from gradverify.core.report import Check, Report, SpecResult
    from gradverify.spec.model import Spec

PROJECT = "gradverify"
API_VERSION = 1  # raised when a hook changes in a way that old plugins cannot follow

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@runtime_checkable
class FunctionLoader(Protocol):
    """Turns a reference such as `{python: "losses.py:loss"}` into something that can be called."""

    @property
    def kind(self) -> str:
        """The key that specs use: `python`."""

    def load(self, target: str, directory: Path, options: Mapping[str, Any]) -> Callable[..., Any]:
        """Load `target`; a relative path starts at `directory`, the spec's.

        The callable takes one array (or float, for scalars) a variable, in order, and the constants by keyword.
        Raises `LoadError` with one clear sentence when it cannot.
        """


class LoadError(Exception):
    """A function reference cannot be loaded; the message says why and what would help."""


@runtime_checkable
class Reporter(Protocol):
    """Writes one kind of report: `--report NAME:FILE`."""

    @property
    def name(self) -> str:
        """The kind, as in `--report junit:FILE`."""

    def render(self, report: Report, options: Mapping[str, str]) -> str:
        """The whole text of the report.

        A reporter with an attribute `pictures` that is true also gets what only figures need: step-size ladders in the
        checks' details, f on a grid in the first descent's. Evaluating them costs time.
        """


@dataclass(frozen=True, slots=True)
class BackendOption:
    """One option of a backend, as JSON Schema, so that `gradverify schema` can offer it."""

    name: str
    schema: Mapping[str, Any]
    description: str


@hookspec
def gradverify_backends() -> Iterable[Backend]:  # type: ignore[empty-body]
    """Offer backends.

    Example:
        @hookimpl
        def gradverify_backends():
            return [MyBackend()]
    """


@hookspec
def gradverify_function_loaders() -> Iterable[FunctionLoader]:  # type: ignore[empty-body]
    """Offer loaders for further kinds of functions.

    Example:
        @hookimpl
        def gradverify_function_loaders():
            return [TorchLoader()]
    """


@hookspec
def gradverify_reporters() -> Iterable[Reporter]:  # type: ignore[empty-body]
    """Offer kinds of reports.

    Example:
        @hookimpl
        def gradverify_reporters():
            return [TapReporter()]
    """


@hookspec
def gradverify_executors() -> Mapping[str, Callable[[str], Executor]]:  # type: ignore[empty-body]
    """Offer executors by scheme; each gets the text after the colon of `--executor SCHEME:TEXT`.

    Example:
        @hookimpl
        def gradverify_executors():
            return {"dask": lambda address: Client(address).get_executor()}
    """


@hookspec
def gradverify_descent_methods() -> Iterable[DescentMethod]:  # type: ignore[empty-body]
    """Offer methods for the descents of specs, `method: NAME`.

    Example:
        @hookimpl
        def gradverify_descent_methods():
            return [Adam()]
    """


@hookspec
def gradverify_spec_collected(spec: Spec) -> None:
    """Called in the main process for each spec that will run.

    Example:
        @hookimpl
        def gradverify_spec_collected(spec):
            print("will check", spec.name)
    """


@hookspec
def gradverify_check_finished(result: SpecResult, check: Check) -> None:
    """Called in the main process for each finished check, in report order.

    Example:
        @hookimpl
        def gradverify_check_finished(result, check):
            metrics.count(check.verdict)
    """


@hookspec
def gradverify_run_finished(report: Report) -> None:
    """Called once in the main process, before reports are written.

    Example:
        @hookimpl
        def gradverify_run_finished(report):
            upload(report)
    """
