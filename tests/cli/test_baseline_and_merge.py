"""`--baseline`, `--write-baseline` and `gradverify merge` as people call them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.support import Caller, expression_spec, gradverify, read_report, write_specs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    gradients = ["x" if i == 2 else "2*x" for i in range(6)]
    write_specs(tmp_path / "specs" / "a.yaml", *(expression_spec(f"s{i}", gradient=g) for i, g in enumerate(gradients)))
    return tmp_path


def test_with_a_baseline_known_failures_pass_and_new_ones_fail(folder: Path, call: Caller) -> None:
    written = gradverify("run", "--write-baseline", "known.json", cwd=folder)
    assert written.returncode == 0
    assert "wrote the baseline known.json: 6 specs" in written.stdout
    again = call("run", "--baseline", "known.json", "--report", "json:r.json")
    assert again.returncode == 0
    assert "1 known, 0 new, 0 stale" in again.stdout
    assert call("merge", "r.json", "--report", "json:m.json").returncode == 0
    noted = next(spec for spec in read_report(folder / "r.json")["specs"] if spec["name"] == "s2")
    assert noted["known"] is True
    assert noted["verdict"] == "fail"
    assert "KNOWN s2  specs/a.yaml:5  fail, as in the baseline" in again.stdout
    assert "likely mistake" not in again.stdout
    assert noted["notes"] == ["known failure: in the baseline known.json"]
    assert call("run").returncode == 1
    path = folder / "specs" / "a.yaml"
    path.write_text(
        "# moved\n"
        + path.read_text().replace(
            '"s4", "variables": ["x"], "function": "x**2"', '"s4", "variables": ["x"], "function": "x**3"'
        )
    )
    worse = gradverify("run", "--baseline", "known.json", cwd=folder)
    assert worse.returncode == 1
    assert "new: specs/a.yaml::s4" in worse.stdout
    path.write_text(path.read_text().replace('["x"], "points"', '["2*x"], "points"').replace("x**3", "x**2"))
    better = gradverify("run", "--baseline", "known.json", cwd=folder)
    assert better.returncode == 0
    assert "stale: specs/a.yaml::s2" in better.stdout


def test_an_error_that_grew_within_tolerance_fails_the_run(folder: Path) -> None:
    specs = folder / "specs" / "a.yaml"
    write_specs(specs, expression_spec("s", gradient="2*x*(1 + 1e-10)"))
    gradverify("run", "--write-baseline", "known.json", cwd=folder)
    write_specs(specs, expression_spec("s", gradient="2*x*(1 + 1e-7)"))
    worse = gradverify("run", "--baseline", "known.json", cwd=folder)
    assert worse.returncode == 1
    assert "1 passed" in worse.stdout
    assert "grown: specs/a.yaml::s gradient[finite-difference]: relative error 1e-07" in worse.stdout
    assert gradverify("run", "--baseline", "known.json", "--baseline-factor", "1e4", cwd=folder).returncode == 0


def test_a_known_failure_that_grew_worse_fails_the_run(folder: Path) -> None:
    specs = folder / "specs" / "a.yaml"
    write_specs(specs, expression_spec("s", gradient="2*x*(1 + 1e-4)"))
    gradverify("run", "--write-baseline", "known.json", cwd=folder)
    assert gradverify("run", "--baseline", "known.json", cwd=folder).returncode == 0
    write_specs(specs, expression_spec("s", gradient="2*x*(1 + 1e-2)"))
    worse = gradverify("run", "--baseline", "known.json", cwd=folder)
    assert worse.returncode == 1
    assert "FAIL s" in worse.stdout
    assert "0 known, 0 new, 0 stale, 1 with a grown error" in worse.stdout
    assert "grown: specs/a.yaml::s gradient[finite-difference]: relative error 0.01, in the baseline 0.0001" in (
        worse.stdout
    )
    assert gradverify("run", "--baseline", "known.json", "--baseline-factor", "1e3", cwd=folder).returncode == 0


def test_a_baseline_that_is_not_there_is_a_usage_error_with_a_way_out(folder: Path, call: Caller) -> None:
    finished = call("run", "--baseline", "known.json")
    assert finished.returncode == 2
    assert "--write-baseline known.json makes one" in finished.stderr


@pytest.mark.parametrize("device", ["/dev/full", "/dev/null", "/dev/zero"])
@pytest.mark.parametrize("option", ["--write-baseline", "--baseline", "--journal"])
def test_a_device_is_refused_as_a_baseline_and_as_a_journal_before_anything_runs(
    folder: Path, call: Caller, option: str, device: str
) -> None:
    finished = call("run", option, device)
    assert finished.returncode == 2
    assert device in finished.stderr
    assert "device" in finished.stderr
    assert finished.stdout == ""


def test_a_pipe_is_refused_as_a_new_baseline(folder: Path, call: Caller) -> None:
    os.mkfifo(folder / "pipe")
    finished = call("run", "--write-baseline", "pipe")
    assert finished.returncode == 2
    assert "keeps nothing; name a file" in finished.stderr


def test_a_device_is_no_report_to_merge(folder: Path, call: Caller) -> None:
    finished = call("merge", "/dev/zero")
    assert finished.returncode == 2
    assert "/dev/zero is a device" in finished.stderr


def test_a_report_whose_spec_lacks_its_checks_is_refused_with_file_and_spec(folder: Path, call: Caller) -> None:
    gradverify("run", "-q", "--report", "json:r.json", cwd=folder)
    report = read_report(folder / "r.json")
    assert call("merge", "-q", "r.json").returncode == 1
    del report["specs"][3]["checks"]
    (folder / "r.json").write_text(json.dumps(report))
    finished = call("merge", "-q", "r.json")
    assert finished.returncode == 2
    assert "r.json is no JSON report of gradverify: its spec `s3` (.specs[3]) has no checks" in finished.stderr


@pytest.mark.parametrize("arguments", [(), ("--list",)])
def test_a_shard_without_specs_is_fine(folder: Path, call: Caller, arguments: tuple[str, ...]) -> None:
    write_specs(folder / "specs" / "a.yaml", expression_spec("only"))
    codes = {index: call("run", "--shard", f"{index}/2", "--list").stdout for index in (1, 2)}
    (empty,) = (index for index, listed in codes.items() if not listed)
    finished = call("run", "--shard", f"{empty}/2", *arguments)
    assert finished.returncode == 0
    assert f"no selected spec belongs to shard {empty}/2" in finished.stderr
    assert call("run", "-k", "none-such", *arguments).returncode != 0


def test_shards_merge_to_what_one_run_says(folder: Path, call: Caller) -> None:
    for index in ("1", "2"):
        gradverify("run", "--shard", f"{index}/2", "--report", f"json:part/{index}.json", "--no-cache", cwd=folder)
    whole = gradverify("run", "--report", "json:whole.json", "--no-cache", cwd=folder)
    merged = call("merge", "part", "--expect-specs", "specs", "--report", "json:m.json", "--report", "junit:m.xml")
    assert merged.returncode == whole.returncode == 1
    assert "6 specs: 5 passed, 1 failed" in merged.stdout
    first, second = read_report(folder / "whole.json"), read_report(folder / "m.json")
    assert [spec["name"] for spec in second["specs"]] == [spec["name"] for spec in first["specs"]]
    assert [spec["checks"][0]["points"] for spec in second["specs"]] == [
        s["checks"][0]["points"] for s in first["specs"]
    ]
    assert (folder / "m.xml").exists()
    half = call("merge", "part/1.json")
    assert half.returncode == 2
    assert "1 of 2 shards is missing: 2/2" in half.stderr


@pytest.mark.parametrize("text", ["{", "{}", '{"format": 99}', "[" * 100_000])
def test_what_is_no_report_is_a_usage_error(tmp_path: Path, call: Caller, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    merged = call("merge", "r.json")
    assert merged.returncode == 2
    assert "r.json is no JSON report of gradverify" in merged.stderr
