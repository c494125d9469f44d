"""Real distributions, made by hand: a module and a dist-info folder with metadata and entry points."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def install(
    site: Path, name: str, code: str, *, version: str = "1.0", entry: str | None = None, target: str | None = None
) -> None:
    """Put distribution `name`, whose module holds `code`, on the folder `site`; `entry` is the plugin's name."""
    module = name.replace("-", "_")
    (site / f"{module}.py").write_text(code, encoding="utf-8")
    info = site / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    points = f"[gradverify]\n{entry or name} = {target or module}\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")


def python(site: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the distributions of `site` installed."""
    env = {**os.environ, "PYTHONPATH": str(site), **environment}
    return subprocess.run(
        [sys.executable, *arguments], env=env, cwd=site, capture_output=True, text=True, check=False, timeout=120
    )
