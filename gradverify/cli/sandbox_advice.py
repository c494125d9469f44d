"""What `gradverify doctor` says about the confinement of submissions: what holds here, and how to get what does not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

MEANING = {
    "none": "submissions run as ordinary programs: grade nobody's code but your own here",
    "rlimits": "memory, files and time are limited; files and the network are open to submissions",
    "seccomp": "no network, no processes, nothing written; files that their user may read can be read",
    "landlock": "no network, no processes, no files but Python's and their own",
    "full": "no network, no processes, no files but Python's and their own, behind a second wall",
}


def sandbox_lines() -> Iterator[tuple[str, str]]:
    """Name and text of each line."""
    from gradverify.sandbox import probe_level
    from gradverify.sandbox.zygote import ZygoteError

    try:
        level = probe_level()
    except (ZygoteError, OSError) as error:
        yield "sandbox", f"does not start: {error}"
        return
    yield "sandbox", f"level {level.name}: {MEANING[level.name]}"
    yield "", ", ".join(f"{name} {_shown(value)}" for name, value in level.details.items())
    for text in advice(level.details, root=os.geteuid() == 0):
        yield "", f"→ {text}"


def _shown(value: bool | str) -> str:
    return value if isinstance(value, str) else "yes" if value else "no"


def advice(details: Mapping[str, bool | str], *, root: bool) -> list[str]:
    """What would make the confinement better, as something to do."""
    found = []
    if not details["seccomp"]:
        found.append("seccomp: use Linux on x86-64 or aarch64, with a kernel that has CONFIG_SECCOMP_FILTER")
    elif not details["notifications"]:
        found.append("notifications: need Linux 5.0; without them caught attempts on the network may go unseen")
    if not details["landlock_abi"]:
        found.append(
            "Landlock: needs Linux 5.13 with `landlock` in /sys/kernel/security/lsm (boot with lsm=landlock,…)"
        )
    if not details["bubblewrap"] and not details["uid"]:
        found.append("bubblewrap: `sudo apt install bubblewrap`, or your system's package of that name")
        found.append(
            "if it is installed: `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu 24.04), or "
            "run gradverify as root, which gives each submission a user id of its own"
        )
    if root and not details["uid"]:
        found.append("another user id: root needs CAP_SETUID and CAP_SETGID, which this container took away")
    return found
