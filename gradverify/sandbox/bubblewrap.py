"""Bubblewrap around the zygote, where it works: its own namespaces, and a file system of no more than it needs.

One for the zygote, not one for each submission: it costs some milliseconds once. Each submission's process is confined
further, by itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

# The zygote gives each submission a user id of its own and ends it; nothing else of root's rights is left to it.
CAPABILITIES = ("SETUID", "SETGID", "KILL", "DAC_READ_SEARCH", "DAC_OVERRIDE", "FOWNER")
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/localtime")
VERSION_SECONDS = 10.0


def version() -> str:
    """The installed version, empty where there is none."""
    program = shutil.which("bwrap")
    if program is None:
        return ""
    try:
        told = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.split()[-1] if told.stdout.split() else ""


def prefix(root: Path, scratch: Path, import_path: Sequence[str]) -> list[str]:
    """The command line before the zygote's own. `root` holds the package gradverify, `scratch` stays writable."""
    command = [shutil.which("bwrap") or "bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    command += ["--unshare-cgroup-try"]
    if os.geteuid() == 0:
        command += ["--cap-drop", "ALL", *(word for name in CAPABILITIES for word in ("--cap-add", f"CAP_{name}"))]
    else:
        command += ["--unshare-user"]
    command += ["--tmpfs", "/tmp", "--dev", "/dev", "--proc", "/proc"]
    package = root / "gradverify"
    readable = [
        *SYSTEM,
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
        os.path.join(sys.base_prefix, "lib"),
        sys.prefix,
        os.path.dirname(os.path.realpath(sys.executable)),
        *(entry for entry in import_path if Path(entry) != root),
        str(package / "__init__.py"),
        str(package / "sandbox"),
    ]
    for path in dict.fromkeys(readable):
        if os.path.islink(path) and path in SYSTEM:
            command += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            command += ["--ro-bind", path, path]
    return [*command, "--bind", str(scratch), str(scratch), "--chdir", "/"]
