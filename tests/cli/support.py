"""Running the command line as people do: as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, "-m", "gradverify")
PATIENCE = 120  # seconds until a test gives up: far more than any of them needs


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would change the outcome."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GRADVERIFY_")}
    for name in ("NO_COLOR", "FORCE_COLOR"):
        kept.pop(name, None)
    return kept | (dict(extra) if extra else {})


def gradverify(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`gradverify ARGUMENTS` in `cwd`."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@dataclass(frozen=True)
class Call:
    """What `call` gives back: as a finished process would, without starting one."""

    returncode: int
    stdout: str
    stderr: str


class Caller:
    """Runs the command line in this process: for what needs no worker."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Call:
        from gradverify.cli.main import main
        from gradverify.run.limits import THREAD_VARIABLES

        with self._monkeypatch.context() as patch:
            patch.chdir(cwd or self.folder)
            for name in THREAD_VARIABLES:
                patch.setenv(name, os.environ.get(name, "1"))
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                main(list(arguments))
        output = self._capsys.readouterr()
        return Call(int(end.value.code or 0), output.out, output.err)


def expression_spec(name: str, *, gradient: str = "2*x", **more: Any) -> str:
    """A spec of x**2, as one YAML document."""
    fields = {"name": name, "variables": ["x"], "function": "x**2", "gradient": [gradient], "points": [[3], [-1.5]]}
    return json.dumps(fields | {"backends": ["finite-difference"]} | more)


def write_specs(path: Path, *documents: str) -> Path:
    """A spec file of these documents."""
    path.write_text("\n---\n".join(documents) + "\n")
    return path


def read_report(path: Path) -> dict[str, Any]:
    """A JSON report."""
    data: dict[str, Any] = json.loads(path.read_text())
    return data
