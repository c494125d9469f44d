"""A run whose specs are all known: answered from the cache without loading a plugin or parsing a spec.

What a file holds is known by its content, what plugins there are by the packages that are installed. Whatever is not
plain (a fault in a file, a name that is taken, a plugin that wants to hear of the run, one spec that is not known) is
left to the full way, which does everything this one does.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradverify.cache.environment import environment_key, installation_key
from gradverify.cache.keys import Entry, Files, Keys, portable
from gradverify.cache.passes import counts_still, whole_key
from gradverify.cache.store import ALL_PASS, DETAILS, ENVIRONMENT, MANIFEST, RESULT, Store
from gradverify.core.report import PluginInfo, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.spec.search import CannotTell, files_of

if TYPE_CHECKING:
    from gradverify.plugins import Plugins
    from gradverify.run.settings import VerifySettings
    from gradverify.spec.load import SpecFiles

LISTENERS = ("gradverify_spec_collected", "gradverify_check_finished", "gradverify_run_finished")


@dataclass(frozen=True, slots=True)
class _Place:
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A spec as a manifest has it: what selecting needs of it, and nothing of its meaning."""

    entry: Entry
    place: _Place

    @property
    def name(self) -> str:
        """Its name."""
        return self.entry.name

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self.entry.tags

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that it asks for by name."""
        return self.entry.backends


class QuickLook:
    """The cache, looked at before anything else is loaded."""

    def __init__(self, folder: Path, block: Sequence[str], root: Path) -> None:
        self._store = Store(folder)
        self._root = root
        self._files = Files()
        self._installation = installation_key(block)
        self._environment = self._store.get(ENVIRONMENT, [self._installation]).get(self._installation)
        self._started = time.perf_counter()

    def listing(self, paths: Sequence[str]) -> tuple[Listed, ...] | None:
        """The specs of `paths` in the order of a run; None where only parsing can tell."""
        try:
            environment = self._key
            chosen: dict[str, Listed] = {}
            done: set[str] = set()
            for file, explicit in files_of(paths):
                content = self._files.digest(file)
                real = os.path.realpath(file)
                if content is None or environment is None:
                    return None
                if real in done:
                    continue
                done.add(real)
                key = manifest_key(environment, file, content, self._root)
                manifest = self._store.get(MANIFEST, [key]).get(key)
                if manifest is None or (manifest["skipped"] and explicit):
                    return None
                for data in manifest["entries"]:
                    entry = Entry.from_data(data, self._root)
                    if chosen.setdefault(entry.name, listed := Listed(entry, _Place(file, entry.line))) is not listed:
                        return None
            return tuple(chosen.values())
        except (CannotTell, OSError, KeyError, ValueError, TypeError):
            return None

    @functools.cached_property
    def _key(self) -> str | None:
        if self._environment is None:
            return None
        return environment_key(self._installation, self._environment["code"])

    def results(
        self, specs: Sequence[Listed], settings: VerifySettings, *, counted: bool
    ) -> tuple[SpecResult, ...] | None:
        """The results of all of `specs`; None if one is not known. counted: nothing is told of those that pass."""
        environment = self._key
        if environment is None:
            return None
        keys = Keys(environment, settings, self._root, self._files)
        try:
            names = [name for spec in specs if (name := keys.key(spec.entry, spec.place.file)) is not None]
            if len(names) < len(specs):
                return None
            return (self._all_pass(specs, names, keys) if counted else None) or self._results(specs, names, keys)
        except (KeyError, ValueError, TypeError):
            return None

    def _all_pass(self, specs: Sequence[Listed], names: Sequence[str], keys: Keys) -> tuple[SpecResult, ...] | None:
        """Results that say "passed" and no more, where one entry says so of all."""
        whole = whole_key(names)
        entry = self._store.get(ALL_PASS, [whole]).get(whole)
        if entry is None or not counts_still(entry, keys):
            return None
        return tuple(
            SpecResult(
                name=spec.name, file=spec.place.file, line=spec.place.line, tags=spec.tags,
                verdict=Verdict.PASS, found=Verdict.PASS, cached=True,
            )
            for spec in specs
        )  # fmt: skip

    def _results(self, specs: Sequence[Listed], names: Sequence[str], keys: Keys) -> tuple[SpecResult, ...] | None:
        from gradverify.cache.recall import joined, result_of

        entries = self._store.get(RESULT, names)
        results = []
        for spec, name in zip(specs, names, strict=True):
            entry = entries.get(name)
            if entry is None or not counts_still(entry, keys):
                return None
            data = entry["result"]
            if data["verdict"] != Verdict.PASS:  # its whole story is told
                bulk = self._store.get(DETAILS, [name]).get(name)
                data = joined(entry, bulk)
            result = result_of(data, spec.name, spec.tags, spec.place.file, spec.place.line)
            if result is None:
                return None
            results.append(result)
        return tuple(results)

    def report(self, results: tuple[SpecResult, ...], seed: int) -> Report | None:
        """The report on them."""
        from gradverify import __version__

        try:
            plugins = tuple(
                PluginInfo(name=info[0], version=info[1], status=info[2], reason=info[3])
                for info in (self._environment or {})["plugins"]
            )
        except (KeyError, TypeError, IndexError):
            return None
        return Report(
            gradverify=__version__,
            started=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            seconds=time.perf_counter() - self._started,
            isolation="processes",
            plugins=plugins,
            specs=results,
            seed=seed,
        )

    @property
    def notes(self) -> Sequence[str]:
        """What is wrong with the cache."""
        return self._store.notes

    def close(self) -> None:
        """Note what was used today, and let go of the file."""
        self._store.close()


def manifest_key(environment: str, file: str, content: str, root: Path) -> str:
    """What a file holds follows from its content and name, and from what gradverify and its plugins accept."""
    from gradverify.cache.digests import digest

    return digest(environment, portable(os.path.abspath(file), root), content)


def note_manifests(store: Store, keys: Keys, found: SpecFiles, plugins: Plugins, code: Iterable[str]) -> None:
    """Keep what a full look found, so that the next one can be quick. Files with faults are not kept."""
    from gradverify.cache.entries import entries_of

    if plugins.warnings or plugins.listen(*LISTENERS):
        return
    installation = installation_key(plugins.block)
    infos: list[list[Any]] = [[info.name, info.version, info.status, info.reason] for info in plugins.infos]
    store.put(ENVIRONMENT, installation, {"code": list(code), "plugins": infos})
    faulty = {fault.place.file for fault in found.faults}
    entries: dict[str, list[Entry | None]] = {}
    for spec, entry in zip(found.specs, entries_of(found.specs, keys.files), strict=True):
        entries.setdefault(spec.place.file, []).append(entry)
    for path, skipped in [*((path, False) for path in found.files), *((path, True) for path in found.skipped)]:
        file = str(path)
        own = entries.get(file, [])
        if file in faulty or None in own or not keys.files.is_settled(file):
            continue
        try:
            content = keys.files.digest(file)
        except OSError:
            continue
        if content is not None:
            data = [entry.to_data(keys.root) for entry in own if entry is not None]
            store.put(
                MANIFEST,
                manifest_key(keys.environment, file, content, keys.root),
                {"skipped": skipped, "entries": data},
            )
