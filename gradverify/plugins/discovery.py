"""Which plugins are installed: entry points of the group `gradverify`, read without importing anything."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

GROUP = "gradverify"
HOST = "gradverify"  # the distribution whose plugins come first


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry point that may become a plugin."""

    name: str
    distribution: str
    version: str
    entry_point: importlib.metadata.EntryPoint

    @property
    def full_name(self) -> str:
        """`sympy@gradverify`: tells apart plugins of one name in two distributions."""
        return f"{self.name}@{self.distribution}"


@dataclass(frozen=True, slots=True)
class UnreadableMetadata:
    """A distribution that mentions the group, but whose entry points cannot be read."""

    distribution: str
    reason: str


def find_candidates() -> tuple[tuple[Candidate, ...], tuple[UnreadableMetadata, ...]]:
    """All entry points of the group: gradverify's own first, then by distribution and name.

    The order does not depend on the file system, so that of two plugins that offer the same name the same one wins
    everywhere. One distribution's broken metadata does not hide the others', which
    `importlib.metadata.entry_points()` would let happen.
    """
    found: list[Candidate] = []
    broken: list[UnreadableMetadata] = []
    seen: set[str] = set()
    for distribution in _mentioning_group():
        name = "unknown"
        try:
            name = distribution.name or name
            if _normal(name) in seen:  # found twice on sys.path: the first is the one that imports
                continue
            seen.add(_normal(name))
            version = distribution.version or "unknown"
            found += [Candidate(e.name, name, version, e) for e in distribution.entry_points if e.group == GROUP]
        except Exception as error:  # noqa: BLE001 - metadata is a foreign file; any fault costs this distribution only
            broken.append(UnreadableMetadata(name, f"its metadata cannot be read: {error}"))
    found.sort(key=lambda c: (_normal(c.distribution) != HOST, _normal(c.distribution), c.name))
    return tuple(found), tuple(broken)


def _mentioning_group() -> Iterator[importlib.metadata.Distribution]:
    """Distributions whose entry points mention the group: a text search, as parsing them all would be slow."""
    for distribution in importlib.metadata.distributions():
        try:
            text = distribution.read_text("entry_points.txt")
        except (OSError, UnicodeDecodeError):
            continue
        if text and GROUP in text:
            yield distribution


def _normal(name: str) -> str:
    """The name as packaging compares it (PEP 503, close enough for comparing)."""
    return name.lower().replace("_", "-").replace(".", "-")


def is_named(candidate: Candidate, names: Iterable[str]) -> bool:
    """Whether `names` has the candidate's entry-point, distribution or full name: people mix up the first two."""
    normal = {_normal(name) for name in names}
    return any(_normal(name) in normal for name in (candidate.name, candidate.distribution, candidate.full_name))
