"""May what earlier runs found still be said? Of one spec; and of all of a run at once, where every one of them passed.

Most runs in which nothing changed pass as a whole, and a summary line is all that they print: one entry for the run is
then enough, and no result has to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gradverify.cache.digests import digest, digest_of_listing
from gradverify.cache.keys import Keys, absolute
from gradverify.core.verdicts import Verdict

if TYPE_CHECKING:
    from gradverify.core.report import SpecResult


def counts_still(entry: Any, keys: Keys) -> bool:
    """Whether every file and folder that the entry's result came from is as it was."""
    try:
        return all(digest_now(keys, path) == was for path, was in entry["files"].items())
    except (KeyError, TypeError, AttributeError):
        return False


def digest_now(keys: Keys, path: str) -> str | None:
    """The digest of a file that an entry names, or of a folder's listing where its name ends with a slash."""
    try:
        where = absolute(path, keys.root)
        return digest_of_listing(where) if path.endswith("/") else keys.files.digest(where)
    except OSError:
        return ""  # no digest: whatever it was, it cannot be told that it is the same


def adds_nothing(result: SpecResult) -> bool:
    """Whether a summary counts `result` among those that pass, and has nothing else to say of it."""
    broken = any(check.verdict is Verdict.ERROR for check in result.checks)
    return result.verdict is Verdict.PASS and not (broken or result.blind_spots or result.known)


def whole_key(names: Iterable[str]) -> str:
    """The key of what is said of all specs of a run at once, from the keys of their results in the run's order."""
    return digest("all pass", *names)


def same_files(every: Iterable[Mapping[str, str | None]]) -> dict[str, str | None] | None:
    """What the results of all specs came from; None where a file changed while they ran."""
    files: dict[str, str | None] = {}
    for own in every:
        for path, was in own.items():
            if files.setdefault(path, was) != was:
                return None
    return files
