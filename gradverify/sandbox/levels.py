"""How well this machine can confine a submission."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass

# From weakest to strongest. docs/SANDBOX.md says what each keeps out.
LEVELS = ("none", "rlimits", "seccomp", "landlock", "full")


@dataclass(frozen=True)
class Level:
    """The layers of confinement that hold, and the name for them all together."""

    name: str  # one of LEVELS
    details: Mapping[str, bool | str]

    @property
    def rank(self) -> int:
        """0 is the weakest."""
        return LEVELS.index(self.name)


def level_of(details: Mapping[str, bool | str]) -> Level:
    """The level that a process confined with these layers has.

    `seccomp` needs rlimits as well, and so on upwards. `full` is Landlock and one more wall around files and
    processes: another user id, or namespaces.
    """
    name = "none"
    if details.get("rlimits"):
        name = "rlimits"
        if details.get("seccomp"):
            name = "seccomp"
            if details.get("landlock_abi"):
                name = "landlock"
                if details.get("uid") or details.get("bubblewrap"):
                    name = "full"
    return Level(name, dict(details))


@functools.cache
def probe_level() -> Level:
    """The level that a submission gets on this machine, found by confining a process. Once for each process."""
    from gradverify.sandbox.model import Limits
    from gradverify.sandbox.zygote import LAYERS, Zygote

    if sys.platform != "linux":
        return level_of({"landlock_abi" if name == "landlock" else name: False for name in LAYERS})
    with Zygote(Limits(), imports=()) as zygote:
        return zygote.level
