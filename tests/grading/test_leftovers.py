"""Submissions are unpacked in a folder that goes with its process, or with the next one."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gradverify.grading.leftovers import PREFIX, staging_folder

STAGING = """
import time
from gradverify.grading.leftovers import staging_folder
with staging_folder() as folder:
    (folder / "s1").mkdir()
    (folder / "s1/hw.py").write_text("x = 1")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_goes_with_its_use_and_leaves_what_others_use(temporary: Path) -> None:
    (temporary / "gradverify-other").mkdir()
    (temporary / f"{PREFIX}file").write_text("no folder")
    (temporary / f"{PREFIX}link").symlink_to(temporary / "gradverify-other")
    with staging_folder() as first, staging_folder() as second:
        assert first.is_dir()
        assert second.is_dir()
    assert sorted(path.name for path in temporary.iterdir()) == [
        f"{PREFIX}file", f"{PREFIX}link", "gradverify-other",
    ]  # fmt: skip


def test_what_a_killed_process_left_is_removed_by_the_next(temporary: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", STAGING], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    left = Path(process.stdout.readline().strip())
    assert left.parent == temporary
    with staging_folder():
        assert (left / "s1/hw.py").exists()  # its process lives
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    assert left.exists()
    with staging_folder() as folder:
        assert list(temporary.iterdir()) == [folder]
