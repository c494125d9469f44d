"""`--executor` of `gradverify run`: asked for before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gradverify.plugins import Plugins


def check_executor(text: str, plugins: Plugins) -> None:
    """Raises `click.UsageError` for an executor that is not there; one that does not start is told later."""
    from gradverify.run.executors import ExecutorError, executor_factory

    try:
        executor_factory(text, plugins)
    except ExecutorError as error:
        raise click.UsageError(f"--executor {text}: {error}") from None
