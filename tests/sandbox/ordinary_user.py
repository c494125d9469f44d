"""Running something as a user that is not root, from tests that root runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradverify.sandbox.inside.readable import world_readable

ORDINARY_USER = 61000


def interpreter_for_everybody() -> str:
    """A Python of this version that any user can start: this one, or the system's. Else the test is skipped."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    system = shutil.which(name, path="/usr/bin:/usr/local/bin")
    for path in (sys.executable, system):
        if path and world_readable([os.path.realpath(path), *filter(os.path.isdir, sys.path[-1:])]):
            return path
    pytest.skip(f"{sys.executable} is out of other users' reach, and there is no {name} in /usr/bin")


@contextlib.contextmanager
def folder_for_everybody() -> Iterator[Path]:
    """A temporary folder to which any user may write; pytest's own are root's alone."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)
