"""One spec as something to do: plain data that any process, here or elsewhere, can turn back into the spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradverify.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Task:
    """Document `index` of `file`; `text` is the document itself, from `line` on, where no such file can be read."""

    file: str
    index: int
    text: str | None = None
    line: int = 1

    @classmethod
    def of(cls, spec: Spec, text: str | None = None) -> Task:
        """The task of checking `spec`."""
        return cls(spec.place.file, spec.index, text)

    def to_data(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"file": self.file, "index": self.index, "text": self.text, "line": self.line}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Task:
        """The inverse of `to_data`."""
        text = data.get("text")
        return cls(str(data["file"]), int(data["index"]), None if text is None else str(text), int(data.get("line", 1)))


class SpecMissingError(Exception):
    """A task's spec cannot be found where the task says it is."""


@dataclass(slots=True)
class SpecStore:
    """Specs by task. A forked worker inherits a full one; elsewhere files are read when they are first needed."""

    known_backends: tuple[str, ...] = ()
    _specs: dict[tuple[str, int], Spec] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def add(self, specs: Iterable[Spec]) -> None:
        """Remember specs that are parsed already."""
        self._specs.update(((spec.place.file, spec.index), spec) for spec in specs)

    def find(self, task: Task) -> Spec:
        """The spec of `task`. Raises `SpecMissingError`."""
        key = (task.file, task.index)
        if key not in self._specs and (task.text is not None or task.file not in self._read):
            self._load(task)
        try:
            return self._specs[key]
        except KeyError:
            raise SpecMissingError(f"{task.file} has no valid spec number {task.index + 1} any more") from None

    def _load(self, task: Task) -> None:
        from gradverify.spec.load import load_specs, load_text

        if task.text is None:
            self._read.add(task.file)
            self.add(load_specs([task.file], self.known_backends).specs)
        else:
            # Alone in its text, a document keeps its line and its number in the file.
            backends, line, index = self.known_backends, task.line, task.index
            self.add(load_text(task.text, task.file, backends, first_line=line, first_index=index).specs)
