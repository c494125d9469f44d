"""`gradverify history`: add runs to the history's file, and list them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import option

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_FILE = "gradverify-history.db"
# Where CI systems tell the commit and the branch; the first that is set counts.
COMMIT_VARIABLES = ["GRADVERIFY_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "GIT_COMMIT"]
BRANCH_VARIABLES = [
    "GRADVERIFY_BRANCH", "GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILD_SOURCEBRANCHNAME",
    "GIT_BRANCH",
]  # fmt: skip
_NAME = re.compile(r"[\w./+@#-]{1,200}")  # of a commit or a branch: nothing that a page or a shell would take for more

db_option: Callable[[F], F] = option(
    "--db", metavar="FILE", default=DEFAULT_FILE, show_default=True, type=click.Path(path_type=Path),
    help="The history's file (SQLite).",
)  # fmt: skip


@click.group("history", short_help="Keep runs over time in one file.")
def command() -> None:
    """Keep the runs of a project in one SQLite file, from which `gradverify site` makes pages."""


@command.command("add", short_help="Add JSON reports of runs to the history.")
@click.argument("reports", nargs=-1, required=True, metavar="REPORT.json...", type=click.Path(path_type=Path))
@click.option(
    "--commit",
    metavar="SHA",
    envvar=COMMIT_VARIABLES,
    help="The commit that was checked; by default as GitHub, GitLab, Azure and Jenkins tell it.",
)
@click.option("--branch", metavar="B", envvar=BRANCH_VARIABLES, help="Its branch; likewise.")
@db_option
def add(reports: tuple[Path, ...], commit: str | None, branch: str | None, db: Path) -> int:
    """Add JSON reports (`gradverify run --report json:FILE`) to the history.

    A report that is there already is not added again. Nothing is added if one of the reports cannot be read.
    """
    from gradverify.history.reading import ReadingError, read_report
    from gradverify.history.store import HistoryError, open_store

    for what, value in (("--commit", commit), ("--branch", branch)):
        if value and not _NAME.fullmatch(value):
            raise click.UsageError(f"{what} {value[:60]!r} is no name of a {what[2:]}")
    try:
        read = [(path, read_report(path)) for path in reports]
        store = open_store(db, create=True)
        try:
            for path, report in read:
                try:
                    new = store.add(report, commit or None, branch or None)
                except ValueError as error:
                    raise ReadingError(f"{path} cannot be kept: {error}") from None
                count = f"{len(report.specs)} spec{'' if len(report.specs) == 1 else 's'}"
                click.echo(f"added {path} ({count}) to {db}" if new else f"{path} is in {db} already")
        finally:
            store.close()
    except (ReadingError, HistoryError) as error:
        click.echo(f"gradverify: {error}", err=True)
        return Exit.USAGE
    return Exit.OK


@command.command("list")
@db_option
@click.option("-n", "most", type=click.IntRange(min=1), default=20, show_default=True, help="The newest N runs.")
@click.option("--branch", metavar="B", help="Of this branch only.")
def list_(db: Path, most: int, branch: str | None) -> int:
    """List the runs of the history, the newest first."""
    from gradverify.history.store import HistoryError, open_store

    try:
        store = open_store(db, create=False)
        try:
            runs = store.runs(branch, most, every=branch is None)
        finally:
            store.close()
    except HistoryError as error:
        click.echo(f"gradverify: {error}", err=True)
        return Exit.USAGE
    if not runs:
        click.echo(f"gradverify: there are no runs in {db}", err=True)
        return Exit.NOTHING
    rows = [("time (UTC)", "commit", "branch", "specs", "passed", "not passed")]
    for run in reversed(runs):
        passed = sum(count for verdict, count in run.counts.items() if verdict.value == "pass")
        rows.append(
            (
                run.started[:16].replace("T", " "), (run.commit or "–")[:12], run.branch or "–", str(len(run.specs)),
                str(passed), str(len(run.specs) - passed),
            )
        )  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(w) if i > 2 else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        click.echo("  ".join(cells).rstrip())
    return Exit.OK
