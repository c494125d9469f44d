"""A run's memory: which results are known already, from the cache or from a journal, and what is to be kept.

A known result counts only while its key is the same (the spec, the settings, the environment: `keys`) and every file
that it came from is as it was (`run.trace`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradverify.cache.digests import digest_of_listing
from gradverify.cache.entries import entries_of, is_self_contained, loader_kinds
from gradverify.cache.keys import Entry, Keys, absolute, portable, spec_id
from gradverify.cache.passes import adds_nothing, counts_still, same_files, whole_key
from gradverify.cache.store import ALL_PASS, DETAILS, RESULT, Store
from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Fault, Verdict
from gradverify.report.json_report import spec_from_data, spec_to_message
from gradverify.run.journal import Journal, JournalError
from gradverify.run.outcome import GIVEN_UP
from gradverify.run.remote import ELSEWHERE
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

FLUSH_SECONDS = 5.0  # of work that a killed run may lose from the cache; the journal loses nothing
OWN_LOADERS = "gradverify"  # the plugin whose loaders read functions from files that can be watched


class Recall:
    """Looks up what is known of `specs`, and keeps what is found out."""

    def __init__(
        self, specs: Sequence[Spec], keys: Keys, plugins: Plugins, *, store: Store | None, journal: Journal | None
    ) -> None:
        self._specs = specs
        self._keys = keys
        self._plugins = plugins
        self._store = store
        self._journal = journal
        self._entries: list[Entry | None] = entries_of(specs, keys.files)
        self._names = [
            None if entry is None else keys.key(entry, spec.place.file)
            for spec, entry in zip(specs, self._entries, strict=True)
        ]
        self._flushed = time.monotonic()
        self._came_from: set[str] = set()
        self._plain: dict[int, Mapping[str, str | None]] = {}  # the files of those that pass and are in the cache
        self.notes: list[str] = []

    def known(self) -> dict[int, SpecResult]:
        """Results by number, those of the journal first: they belong to this run."""
        found: dict[int, SpecResult] = {}
        if self._journal is not None and self._journal.entries:
            written = {str(entry.get("key")): entry for entry in self._journal.entries}
            found |= self._read(written, found)
        if self._store is not None:
            wanted = [key for number, key in enumerate(self._names) if key is not None and number not in found]
            entries = self._store.get(RESULT, wanted)
            details = self._store.get(DETAILS, entries)
            whole = {key: {**entries[key], "result": joined(entries[key], details[key])} for key in details}
            cached = self._read(whole, found)
            for number, result in cached.items():
                self._note_plain(number, result, whole[str(self._names[number])]["files"])
            found |= cached
        return found

    def _read(self, entries: Mapping[str, Any], found: Mapping[int, SpecResult]) -> dict[int, SpecResult]:
        results = {}
        for number, (spec, key) in enumerate(zip(self._specs, self._names, strict=True)):
            if key is None or number in found or key not in entries or not counts_still(entries[key], self._keys):
                continue
            result = result_of(entries[key].get("result"), spec.name, spec.tags, spec.place.file, spec.place.line)
            if result is not None:
                results[number] = result
                self._came_from.update(entries[key]["files"])
        return results

    def take(self, number: int, result: SpecResult, data: Mapping[str, Any] | None, trace: object) -> None:
        """Keep a result that was found out just now.

        data: the result as the worker sent it, where it did; trace: what `run.trace` saw there.
        """
        key = self._names[number]
        spec, entry = self._specs[number], self._entries[number]
        watched = self._watched(spec, entry, trace)
        files = watched[0] if watched is not None else self._beside(spec)
        self._came_from.update(files)
        plain = dict(data) if data is not None else spec_to_message(result)
        if result.output or "output" in plain:
            plain["output"] = result.output
        if self._journal is not None:
            line = {"key": key, "spec": spec_id(spec.name, spec.place.file, self._keys.root)}
            try:
                self._journal.add({**line, "files": files, "result": plain})
            except JournalError as error:
                self.notes.append(str(error))
        if self._store is None or key is None or watched is None or watched[1] or not is_settled(result):
            return
        head, details = parted(plain)
        if self._store.put(DETAILS, key, details):  # the one without the other is of no use
            self._store.put(RESULT, key, {"files": watched[0], "result": {**head, "cached": True}})
            self._note_plain(number, result, watched[0])
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._store.flush()
            self._flushed = time.monotonic()

    def _note_plain(self, number: int, result: SpecResult, files: Mapping[str, str | None]) -> None:
        if adds_nothing(result):
            self._plain[number] = files

    def _note_all_pass(self, store: Store) -> None:
        """Where every spec passes and is in the cache, one entry says so of all of them."""
        names = [name for name in self._names if name is not None]
        if not names or not len(names) == len(self._specs) == len(self._plain):
            return
        files = same_files(self._plain.values())
        key = whole_key(names)
        entry = {"files": files}
        if files is not None and store.get(ALL_PASS, [key]).get(key) != entry:
            store.put(ALL_PASS, key, entry)

    def _watched(self, spec: Spec, entry: Entry | None, trace: object) -> tuple[dict[str, str | None], bool] | None:
        """The files that a result came from and whether there are doubts; None where nobody watched."""
        if trace == ELSEWHERE:
            return None
        if entry is not None and not all(map(self._keys.files.is_settled, entry.files)):
            return {}, True
        if is_self_contained(spec):
            return {}, False
        from gradverify.run.trace import read_trace

        seen = read_trace(trace)
        if seen is None:
            return None
        foreign = any(
            kind not in self._plugins.loaders or self._plugins.loaders[kind].plugin != OWN_LOADERS
            for kind in loader_kinds(spec)
        )
        root = self._keys.root
        own = str(Path(spec.place.file).resolve())
        files = {portable(path, root): found for path, found in seen["files"].items() if path != own}
        for folder in {str(Path(own).parent), str(Path.cwd())}:
            files[portable(f"{folder}{os.sep}", root)] = digest_of_listing(folder)
        return files, foreign or bool(seen["doubts"])

    def _beside(self, spec: Spec) -> dict[str, str | None]:
        """The Python files in the spec's folder: where nobody could watch, for want of better."""
        folder = Path(spec.place.file).resolve().parent
        with contextlib.suppress(OSError):
            return {
                portable(path, self._keys.root): self._keys.files.digest(path)
                for path in sorted(map(str, folder.glob("*.py")))
            }
        return {}

    def files(self) -> set[str]:
        """The files that the results came from, absolute, as far as they are known."""
        named = {path for entry in self._entries if entry is not None for path in entry.files}
        return named | {absolute(path, self._keys.root) for path in self._came_from if not path.endswith("/")}

    def close(self) -> None:
        """Write what was kept; `notes` then has whatever went wrong."""
        if self._journal is not None:
            self._journal.close()
        if self._store is not None:
            self._note_all_pass(self._store)
            self._store.close()
            self.notes += self._store.notes


def parted(plain: Mapping[str, Any]) -> tuple[dict[str, Any], list[list[Any]]]:
    """A result without the bulk of its checks, enough for saying that it passed; and that bulk."""
    whole = plain.get("checks", [])
    bulk = [[check.get("points", []), check.get("details", {})] for check in whole]
    checks = [{key: item for key, item in check.items() if key not in ("points", "details")} for check in whole]
    return {**plain, "checks": checks}, bulk


def joined(entry: Mapping[str, Any], bulk: Any) -> Any:
    """The inverse of `parted`; None where the two do not fit."""
    try:
        result = entry["result"]
        pairs = zip(result["checks"], bulk, strict=True)
        return {**result, "checks": [{**check, "points": points, "details": more} for check, (points, more) in pairs]}
    except (KeyError, TypeError, ValueError):
        return None


def result_of(data: object, name: str, tags: tuple[str, ...], file: str, line: int) -> SpecResult | None:
    """A kept result as it would be now, for the spec at `file` and `line`; None where it cannot be used."""
    try:
        result = spec_from_data(data)
    except ValueError:
        return None  # another kind of data: then the spec is simply run
    return at_place(result, file, line) if (result.name, result.tags) == (name, tags) else None


def is_settled(result: SpecResult) -> bool:
    """Whether the same spec would come to the same: it was decided, nothing broke, and two calls agreed."""
    return (
        result.found in (Verdict.PASS, Verdict.FAIL)
        and all(check.verdict is not Verdict.ERROR for check in result.checks)
        and all(one.fault is not Fault.NONDETERMINISTIC for one in result.diagnosis)
        and not any(note.startswith(GIVEN_UP) for note in result.notes)
    )


def at_place(result: SpecResult, file: str, line: int) -> SpecResult | None:
    """`result` for the same document at another place; None where its texts name the place that it had."""
    moved = line - result.line
    if moved and _names_lines(result):
        return None
    checks = result.checks
    if moved:
        checks = tuple(
            check if check.line is None else dataclasses.replace(check, line=check.line + moved) for check in checks
        )
    if not moved and result.file == file:
        return result
    return dataclasses.replace(result, file=file, line=line, checks=checks)


def _names_lines(result: SpecResult) -> bool:
    """Whether a text of the result says where something stands in the spec file."""
    mark = f"{Path(result.file).name}:"
    texts = [result.reason, *result.notes, *(check.reason for check in result.checks)]
    return any(text is not None and mark in text for text in texts)
