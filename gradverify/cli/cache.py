"""`gradverify cache`."""

from __future__ import annotations

from pathlib import Path

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import option
from gradverify.cli.state import project_state

folder_option = option(
    "--cache-dir", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Where the cache is; default: .gradverify/cache beside pyproject.toml.",
)  # fmt: skip


@click.group("cache", short_help="What is kept of earlier runs: how much, and away with it.")
def command() -> None:
    """The results of earlier runs, which `gradverify run` takes for specs that did not change."""


@command.command("info")
@folder_option
def info(cache_dir: Path | None) -> int:
    """Where the cache is, how large it is, and how many results it has."""
    from gradverify.cache.store import FILE, RESULT, Store

    folder = cache_dir or project_state().cache
    store = Store(folder, may_write=False)
    sizes = store.sizes()
    store.close()
    path = folder / FILE
    size = path.stat().st_size if path.is_file() else 0
    click.echo(f"{path}: {sizes.get(RESULT, 0)} results, {size / 1e6:.1f} MB")
    for note in store.notes:
        click.echo(f"gradverify: {note}", err=True)
    return Exit.OK


@command.command("clear")
@folder_option
def clear(cache_dir: Path | None) -> int:
    """Delete the cache. Nothing else in its folder is touched."""
    from gradverify.cache.store import clear as clear_cache

    folder = cache_dir or project_state().cache
    try:
        freed = clear_cache(folder)
    except OSError as error:
        click.echo(f"gradverify: the cache in {folder} cannot be deleted: {error.strerror or error}", err=True)
        return Exit.INTERNAL
    click.echo(f"deleted the cache in {folder}, {freed / 1e6:.1f} MB" if freed else f"there is no cache in {folder}")
    return Exit.OK
