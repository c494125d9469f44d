"""The text of each document of a file, found without the others'."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.spec.documents import DocumentTexts
from gradverify.spec.load import load_specs

ONE = "name: {name}\nvariables: [x]\nfunction: x**2\ngradient: [2*x]\npoints: [[1]]\n"


def documents(path: Path, text: str) -> list[tuple[int, str, bool]]:
    path.write_text(text)
    specs = load_specs([path]).specs
    found = DocumentTexts(specs)
    return [(d.line, "\n".join(d.lines), d.alone) for spec in specs if (d := found.find(spec)) is not None]


def test_each_spec_of_a_file_has_its_own_lines(tmp_path: Path) -> None:
    texts = documents(tmp_path / "two.yaml", f"{ONE.format(name='a')}---\n# the second\n{ONE.format(name='b')}")
    assert texts == [(1, ONE.format(name="a").rstrip(), True), (8, ONE.format(name="b").rstrip(), True)]


def test_a_file_with_a_directive_is_needed_as_a_whole(tmp_path: Path) -> None:
    text = f"%YAML 1.2\n---\n{ONE.format(name='a')}"
    assert documents(tmp_path / "directive.yaml", text) == [(1, text, False)]


def test_a_file_is_looked_through_for_directives_once_however_many_specs_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("---\n".join(ONE.format(name=f"s{i}") for i in range(50)))
    specs = load_specs([path]).specs
    looked: list[str] = []

    class Line(str):
        __slots__ = ()

        def startswith(self, *prefix: object) -> bool:
            looked.append(self)
            return super().startswith(*prefix)  # type: ignore[arg-type]

    class Split:
        def split(self, text: str) -> list[Line]:
            return [Line(line) for line in text.split("\n")]

    monkeypatch.setattr("gradverify.spec.documents._BREAK", Split())
    found = DocumentTexts(specs)
    assert all(found.find(spec) is not None for spec in specs)
    assert len(looked) <= 3 * len(path.read_text().split("\n"))
