"""Shards: which of n parts a spec belongs to, by its name alone, so that adding a spec moves no other."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_FORM = re.compile(r"(\d{1,9})/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` of `count`, counted from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def has(self, spec_id: str) -> bool:
        """Whether the spec `file::name` belongs to this part."""
        return shard_of(spec_id, self.count) == self.index


def parse_shard(text: str) -> Shard:
    """`2/8`. Raises `ValueError` with what is wrong."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is no shard: write I/N, such as 2/8")
    index, count = int(match[1]), int(match[2])
    if not 1 <= index <= count:
        raise ValueError(f"`{text}` is no shard: I goes from 1 to N" + ("; it counts from 1" if index == 0 else ""))
    return Shard(index, count)


def shard_of(spec_id: str, count: int) -> int:
    """The part, from 1 to `count`, of a spec. The hash is the same on every machine, in every version."""
    digest = hashlib.sha256(spec_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % count + 1
