"""Spec files from disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gradverify.spec.errors import SpecError, render_all
from gradverify.spec.load import SpecFiles, load_specs, load_text

BOWL = "variables: [x, y]\nfunction: x**2 + y**2\ngradient: [2*x, 2*y]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.yaml", "a.yml", "sub/c.yaml", ".hidden/d.yaml", "node_modules/e.yaml", ".f.yaml", "g.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(BOWL)
    return tmp_path


def names(found: SpecFiles) -> list[str]:
    return [spec.name for spec in found.specs]


def codes(found: SpecFiles) -> list[str]:
    return [fault.code for fault in found.faults]


def test_folders_are_searched_in_sorted_order(folder: Path) -> None:
    found = load_specs([folder])
    assert names(found) == ["a", "b", "c"]
    assert [path.name for path in found.files] == ["a.yml", "b.yaml", "c.yaml"]


def test_a_file_that_is_named_twice_is_read_once(folder: Path) -> None:
    assert names(load_specs([folder / "b.yaml", folder, folder / "b.yaml", folder / "sub" / ".." / "b.yaml"])) == [
        "b",
        "a",
        "c",
    ]


def test_a_hidden_file_can_be_named(folder: Path) -> None:
    assert len(load_specs([folder / ".f.yaml", folder / "g.txt"]).specs) == 2


@pytest.mark.parametrize(
    "text",
    [
        "on: push\njobs: {}\n",
        "assignment: one\nquestions: []\nfunction: x\n",
        "- 1\n- 2\n",
        "- function: x\n",
        "",
        "a: {{ broken }}: [\n",
    ],
)
def test_files_of_other_tools_are_passed_over_in_folders_only(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(text)
    found = load_specs([tmp_path])
    assert (found.specs, found.faults, found.files) == ((), (), ())
    assert found.skipped == (tmp_path / "other.yaml",)
    assert load_specs([tmp_path / "other.yaml"]).faults


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.yaml", "variables: [x]\ngradient: [1]\n"),
        ("s.yaml", "function: x\ngradient: [\n"),
        ("s.grad.yaml", "a: 1\n"),
        ("s.yaml", "- variables: [x]\n  function: x\n  gradient: [1]\n"),
    ],
)
def test_a_broken_spec_in_a_folder_is_not_passed_over(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert load_specs([tmp_path]).faults


@pytest.mark.parametrize(("name", "found"), [("S.YAML", 1), ("s.Yml", 1), ("s.yaml.bak", 0)])
def test_the_ending_of_a_spec_file_in_a_folder_may_be_in_capitals(name: str, found: int, tmp_path: Path) -> None:
    (tmp_path / name).write_text(BOWL)
    assert len(load_specs([tmp_path]).specs) == found


def test_one_spec_of_a_file_can_be_selected(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(f"name: one\n{BOWL}---\nname: two\n{BOWL}")
    assert names(load_specs([f"{tmp_path}/s.yaml::two"])) == ["two"]
    assert names(load_specs([f"{tmp_path}/s.yaml::two", f"{tmp_path}/s.yaml::one", tmp_path])) == ["two", "one"]


def test_a_spec_that_is_not_there_cannot_be_selected(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(f"name: two\n{BOWL}")
    found = load_specs([f"{tmp_path}/s.yaml::tow"])
    assert (names(found), codes(found)) == ([], ["unknown-spec"])
    assert found.faults[0].help == "did you mean `two`?"
    assert codes(load_specs([f"{tmp_path}::two"])) == ["unknown-spec"]


def test_a_path_with_colons_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a::b.yaml").write_text(BOWL)
    assert len(load_specs([tmp_path / "a::b.yaml"]).specs) == 1


def test_a_path_that_is_not_there_is_a_fault_with_a_guess(folder: Path) -> None:
    (fault,) = load_specs([folder / "bb.yaml"]).faults
    assert (fault.code, fault.help) == ("missing-file", "did you mean `b.yaml`?")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_an_impossible_path_is_a_fault(name: str, tmp_path: Path) -> None:
    assert load_specs([tmp_path / name]).faults


def test_a_file_that_may_not_be_read_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found = load_specs([folder])
    assert codes(found) == ["unreadable-file"] * 3
    assert "Permission denied" in found.faults[0].message


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert codes(load_specs([tmp_path / "pipe.yaml"])) == ["unreadable-file"]


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"a: 1\nb: \xff\n", 2, 4),
        ("a: 1".encode("utf-16"), 1, 1),
        (b"\xc3\xa4: \xc3\n", 1, 4),
        (bytes(range(256)), 1, 1),
    ],
)
def test_a_file_that_is_not_utf8_is_a_placed_fault(data: bytes, line: int, column: int, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(data)
    (fault,) = load_specs([tmp_path / "s.yaml"]).faults
    assert fault.code == "bad-encoding"
    assert fault.place.line == line or data[0] == 0
    assert fault.place.column == column or data[0] == 0


def test_a_byte_order_mark_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"\xef\xbb\xbf" + BOWL.encode())
    assert names(load_specs([tmp_path])) == ["s"]


def test_names_are_unique_in_a_run(folder: Path) -> None:
    (folder / "sub" / "a.yaml").write_text(BOWL)
    found = load_specs([folder])
    assert names(found) == ["a", "b", "c"]
    (fault,) = found.faults
    assert (fault.code, fault.place.file) == ("duplicate-name", str(folder / "sub" / "a.yaml"))
    assert "a.yml:1" in fault.message


def test_what_is_installed_is_passed_on(folder: Path) -> None:
    (folder / "b.yaml").write_text(f"{BOWL}backends: [sympi]\n")
    assert codes(load_specs([folder], ["sympy"])) == ["unknown-backend"]
    assert codes(load_specs([folder])) == []


def test_a_text_without_a_file_can_be_read() -> None:
    assert names(load_text(BOWL, "bowl.yaml")) == ["bowl"]
    assert codes(load_text("", "bowl.yaml")) == ["empty-file"]


def test_an_error_tells_all_its_faults() -> None:
    faults = load_text("nmae: 1\nfunction: x\n", "s.yaml").faults
    assert str(SpecError(faults)) == render_all(faults)
    assert str(SpecError(faults)).count("error[") == len(faults) > 1


def test_a_character_that_cannot_be_shown_in_a_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text('name: "right \\u202e to left"\n' + BOWL)
    assert "U+202E cannot be shown" in render_all(load_specs([tmp_path]).faults)
