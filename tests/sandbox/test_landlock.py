"""Landlock holds with every version of its interface: a newer kernel takes an older one's rules."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradverify.sandbox.inside import landlock

PROGRAM = """
import os, sys
from gradverify.sandbox.inside import landlock, privileges
folder, secret, version = sys.argv[1], sys.argv[2], int(sys.argv[3])
landlock.version = lambda: version
rules = landlock.Ruleset()
rules.allow(os.open(folder, os.O_PATH), landlock.OWN)
privileges.no_new_privileges()
rules.enforce()
os.chdir(folder)

def refused(attempt):
    try:
        attempt()
    except PermissionError:
        return True
    return False

open("mine", "w").write("x")
os.mkdir("plots")
os.rename("mine", "yours")
print(open("yours").read())
os.remove("yours")
for attempt in (
    lambda: open(secret),
    lambda: open(secret, "w"),
    lambda: os.listdir(os.path.dirname(secret)),
    lambda: os.remove(secret),
    lambda: os.rename(secret, "mine"),
    lambda: os.symlink(secret, "link"),
    lambda: os.mkfifo("pipe"),
    lambda: open(secret + "-new", "w"),
):
    print(refused(attempt))
"""


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
@pytest.mark.parametrize("version", range(1, landlock.version() + 1))
def test_only_the_own_folder_can_be_used(version: int, tmp_path: Path) -> None:
    own, outside = tmp_path / "own", tmp_path / "outside"
    own.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("marker")
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(own), str(outside / "secret"), str(version)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["x", *["True"] * 8]
    assert (outside / "secret").read_text() == "marker"


@pytest.mark.skipif(landlock.version() < 4, reason="this kernel's Landlock knows no network")
def test_tcp_is_refused_from_version_four_on(tmp_path: Path) -> None:
    program = PROGRAM.partition("os.chdir")[0] + (
        "import socket\n"
        "try:\n    socket.socket().connect(('127.0.0.1', 9))\n"
        "except PermissionError:\n    print('refused')\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), "-", "4"], capture_output=True, text=True, check=True
    )
    assert told.stdout == "refused\n"
