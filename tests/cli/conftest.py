"""Fixtures for the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import Caller


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Caller:
    """The command line in this process, in the test's folder."""
    return Caller(tmp_path, capsys, monkeypatch)
