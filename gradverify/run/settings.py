"""What a run tells the verification of one spec; plain data, so that it can travel to a worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FAR_STEPS = "far steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySettings:
    """What the command line or the caller decides for all specs."""

    seed: int = 0
    backends: tuple[str, ...] | None = None  # only these, whatever the spec says
    skip_backends: Mapping[str, str] = field(default_factory=dict)  # name → why it is not to be asked again
    given_up: Mapping[str, str] = field(default_factory=dict)  # "search", "explanation", "figures", FAR_STEPS → why not
    search: bool = True
    blind_spots: bool = True
    seconds: float | None = None  # that the spec has until its worker is ended; None: as many as it takes
    pictures: bool = False  # whether to evaluate what only figures need: step-size ladders, level sets

    def to_data(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "seed": self.seed,
            "backends": None if self.backends is None else list(self.backends),
            "skip_backends": dict(self.skip_backends),
            "given_up": dict(self.given_up),
            "search": self.search,
            "blind_spots": self.blind_spots,
            "pictures": self.pictures,
            "seconds": self.seconds,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> VerifySettings:
        """The inverse of `to_data`."""
        backends = data.get("backends")
        return cls(
            seed=int(data.get("seed", 0)),
            backends=None if backends is None else tuple(backends),
            skip_backends=dict(data.get("skip_backends", {})),
            given_up=dict(data.get("given_up", {})),
            search=bool(data.get("search", True)),
            blind_spots=bool(data.get("blind_spots", True)),
            pictures=bool(data.get("pictures", False)),
            seconds=None if data.get("seconds") is None else float(data["seconds"]),
        )
