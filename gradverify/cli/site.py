"""`gradverify site`: the history as static pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradverify.cli.exits import Exit
from gradverify.cli.history import db_option

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN = ("main", "master", "trunk")  # the branch to show, where there are several and nobody says which
DEFAULT_RUNS = 200
INDEX = "index.html"


@click.command("site", short_help="Make static pages of the history: status and error of each spec over time.")
@db_option
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write to.")
@click.option("--branch", metavar="B", help="Show this branch; default: main or master, else the one with most runs.")
@click.option("--runs", type=click.IntRange(min=1), default=DEFAULT_RUNS, show_default=True, help="The newest N runs.")
@click.option("--title", default="Gradients over time", show_default=True, help="The site's title.")
@click.option("--commit-url", metavar="URL", help="Where a commit is shown, with {} for it.")
def command(db: Path, out: Path, branch: str | None, runs: int, title: str, commit_url: str | None) -> int:
    """Write the site to a folder: `index.html`, a page for each spec, `badge.svg`, `badge.json` and `history.json`.

    The pages need no server, no script and no network; any host of files serves them.
    """
    from gradverify.history.site import Look, site
    from gradverify.history.store import HistoryError, open_store

    if commit_url is not None and not (commit_url.startswith(("https://", "http://")) and "{}" in commit_url):
        raise click.UsageError(
            "--commit-url: write an address with {} for the commit: https://github.com/OWNER/REPO/commit/{}"
        )
    try:
        store = open_store(db, create=False)
        try:
            chosen, every = _choose(branch, store.branches(), db)
            found = store.runs(chosen, runs, every=every)
        finally:
            store.close()
    except HistoryError as error:
        click.echo(f"gradverify: {error}", err=True)
        return Exit.USAGE
    files = site(found, Look(title=title, commit_url=commit_url))
    fault = _write(out, files)
    if fault is not None:
        click.echo(f"gradverify: {fault}", err=True)
        return Exit.USAGE
    of = f" of branch {chosen}" if chosen else ""
    click.echo(f"{len(files)} files on {len(found)} run{'' if len(found) == 1 else 's'}{of} in {out / INDEX}")
    return Exit.OK


def _choose(asked: str | None, branches: Mapping[str | None, int], db: Path) -> tuple[str | None, bool]:
    """The branch to show, and whether to show all runs instead."""
    if asked is not None:
        if asked not in branches:
            known = ", ".join(sorted(name for name in branches if name)) or "none"
            raise click.UsageError(f"--branch {asked}: {db} has no run of it; it has: {known}")
        return asked, False
    if len(branches) <= 1:
        return next(iter(branches), None), True
    main = next((name for name in MAIN if name in branches), None)
    return main if main is not None else max(branches, key=lambda name: (branches[name], str(name))), False


def _write(folder: Path, files: Mapping[str, str]) -> str | None:
    """Write the files; a fault, in words, where that cannot be. The index comes last: it links to the others."""
    from gradverify.cli.outputs import write_whole
    from gradverify.report.html.document import GENERATOR

    index = folder / INDEX
    try:
        if folder.exists() and not folder.is_dir():
            return f"--out {folder} is a file; name a folder"
        if index.exists() and f'name="generator" content="{GENERATOR}"' not in index.read_text("utf-8", "replace"):
            return f"{index} is another site's page; name another folder with --out, or remove it"
        folder.mkdir(parents=True, exist_ok=True)
        for name in sorted(files, key=lambda name: name == INDEX):
            write_whole(folder / name, files[name])
    except OSError as error:
        return f"the site cannot be written to {folder}: {error.strerror or error}"
    return None
