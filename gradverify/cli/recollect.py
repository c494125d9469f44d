"""The cache and the journal of a run, as the command line asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradverify.cli.options import option, together
from gradverify.cli.state import State

if TYPE_CHECKING:
    from gradverify.cache.recall import Recall
    from gradverify.plugins import Plugins
    from gradverify.run.journal import Journal
    from gradverify.run.settings import VerifySettings
    from gradverify.spec.load import SpecFiles
    from gradverify.spec.model import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallOptions:
    """The values of `recall_options`, by name."""

    cache: bool
    cache_dir: Path | None
    journal: Path | None
    resume: bool


recall_options = together(
    option(
        "--cache/--no-cache", default=True, show_default=True,
        help="Take the results of specs that did not change, and nothing that they use, from the cache.",
    ),
    option(
        "--cache-dir", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
        help="Where the cache is; default: .gradverify/cache beside pyproject.toml.",
    ),
    option(
        "--journal", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        help="Where each finished spec is noted at once; default: .gradverify/journal.jsonl.",
    ),
    option("--resume", is_flag=True, help="Go on with the run of the journal: what is finished is not run again."),
)  # fmt: skip


def open_recall(
    specs: Sequence[Spec],
    plugins: Plugins,
    settings: VerifySettings,
    options: RecallOptions,
    state: State,
    found: SpecFiles | None = None,
) -> Recall:
    """The run's memory. found: all that was looked at, kept so that the next run need not parse it.

    Raises `click.UsageError` for a journal that was asked for and cannot be used.
    """
    from gradverify.cache.environment import environment_key, installation_key, unversioned_code
    from gradverify.cache.keys import Keys
    from gradverify.cache.recall import Recall
    from gradverify.cache.store import Store
    from gradverify.cli.quick import note_manifests

    code = unversioned_code(plugins)
    keys = Keys(environment_key(installation_key(plugins.block), code), settings, state.root)
    store = Store(options.cache_dir or state.cache) if options.cache else None
    if store is not None and found is not None:
        note_manifests(store, keys, found, plugins, code)
    return Recall(specs, keys, plugins, store=store, journal=_journal(options, state))


def _journal(options: RecallOptions, state: State) -> Journal | None:
    from gradverify.cache.store import prepare_folder
    from gradverify.run.journal import Journal, JournalError

    asked_for = options.journal is not None or options.resume
    path = options.journal or state.journal
    try:
        if options.journal is None:
            prepare_folder(state.folder)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        journal = Journal(path, resume=options.resume)
    except (JournalError, OSError) as error:
        if asked_for:
            if isinstance(error, OSError):
                raise click.UsageError(f"the journal {path} cannot be written: {error.strerror or error}") from None
            raise click.UsageError(str(error)) from None
        return None  # a read-only project, or another run beside this one: the journal is a service, no condition
    if options.resume and not journal.entries:
        click.echo(f"gradverify: the journal {path} has no finished spec; all are run", err=True)
    return journal
