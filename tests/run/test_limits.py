"""How many cores there are, and the thread variables."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from gradverify.run.limits import THREAD_VARIABLES, available_cores, cgroup_quota, single_threaded


def group(root: Path, path: str, **files: str) -> None:
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


@pytest.mark.parametrize(
    ("files", "cores"),
    [({"cpu__max": "150000 100000\n"}, 1.5), ({"cpu__max": "max 100000\n"}, math.inf), ({"cpu__max": "?"}, math.inf)],
)
def test_the_quota_of_version_2_is_read(tmp_path: Path, files: dict[str, str], cores: float) -> None:
    group(tmp_path, "a/b", **files)
    (tmp_path / "membership").write_text("0::/a/b\n")
    assert cgroup_quota(tmp_path, tmp_path / "membership") == cores


def test_a_group_above_may_be_narrower(tmp_path: Path) -> None:
    group(tmp_path, "a", cpu__max="50000 100000")
    group(tmp_path, "a/b", cpu__max="400000 100000")
    (tmp_path / "membership").write_text("0::/a/b\n")
    assert cgroup_quota(tmp_path, tmp_path / "membership") == 0.5


@pytest.mark.parametrize(("quota", "cores"), [("200000", 2.0), ("-1", math.inf)])
def test_the_quota_of_version_1_is_read(tmp_path: Path, quota: str, cores: float) -> None:
    group(tmp_path, "cpu,cpuacct/a", cpu__cfs_quota_us=quota, cpu__cfs_period_us="100000")
    (tmp_path / "membership").write_text("3:cpu,cpuacct:/a\n2:memory:/z\n")
    assert cgroup_quota(tmp_path, tmp_path / "membership") == cores


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path, tmp_path / "absent") == math.inf


def test_there_is_at_least_one_core() -> None:
    assert available_cores() >= 1


def test_threads_are_limited_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    single_threaded()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["MKL_NUM_THREADS"] == "3"
