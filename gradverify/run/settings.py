"""What a run tells the verification of one spec; plain data, so that it can travel to a worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySettings:
    """The same for every spec of a run, but for `skip_backends`.

    backends: names asked for with `--backend`; empty means what each spec says.
    skip_backends: backends that must not be called, with the reason: each one's check is an `error` with that reason.
    """

    backends: tuple[str, ...] = ()
    seed: int = 0
    skip_backends: Mapping[str, str] = field(default_factory=dict)

    def to_data(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"backends": list(self.backends), "seed": self.seed, "skip_backends": dict(self.skip_backends)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> VerifySettings:
        """The inverse of `to_data`."""
        return cls(
            backends=tuple(data.get("backends", ())),
            seed=int(data.get("seed", 0)),
            skip_backends=dict(data.get("skip_backends", {})),
        )
