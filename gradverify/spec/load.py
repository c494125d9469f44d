"""Spec files from disk: folders searched, `path::name` selected, names unique in a run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gradverify.spec.errors import SpecFault
from gradverify.spec.model import Place, Spec
from gradverify.spec.parse import KnownBackends, offers_of, parse_documents
from gradverify.spec.reader import Offers, did_you_mean, listed
from gradverify.spec.source import SourceText
from gradverify.spec.yaml12 import MAX_CHARACTERS, Problem, read_documents
from gradverify.spec.yaml12 import Mapping as MappingNode

SUFFIXES = (".yaml", ".yml")
SKIPPED_FOLDERS = frozenset(("node_modules", "__pycache__", "venv", "build", "dist", "site-packages"))
SEPARATOR = "::"  # between a file and the name of a spec in it
# A YAML file that is found in a folder is a spec when one of its documents has one of these keys; other tools' files
# have neither.
TELLING = ("function", "gradient", "jacobian", "hessian", "rule")
NOT_SPECS = ("assignment",)  # gradverify's own files of another kind


@dataclass(frozen=True, slots=True)
class SpecFiles:
    """What was found: valid specs in order, every fault, and the files that were read."""

    specs: tuple[Spec, ...] = ()
    faults: tuple[SpecFault, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Found:
    specs: list[Spec] = field(default_factory=list)
    faults: list[SpecFault] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def load_specs(
    paths: Sequence[Path | str],
    known_backends: KnownBackends | None = None,
    *,
    kinds: Sequence[str] | None = None,
    require_claim: bool = True,
) -> SpecFiles:
    """Read every spec of `paths`: files, folders (searched in sorted order), and `file::name`.

    known_backends: what `backends` may name; None accepts any name. A file named explicitly must hold specs; what is
    found in
    a folder and is plainly another tool's file is passed over.
    """
    offers = offers_of(known_backends, kinds, require_claim)
    found = _Found()
    seen: set[Path] = set()
    for given in paths:
        text, _, name = str(given).partition(SEPARATOR)
        path = Path(text)
        if not path.exists():
            found.faults.append(_missing(path))
            continue
        for file in _files(path):
            key = file.resolve()
            if key not in seen or name:
                seen.add(key)
                _read(file, path.is_file(), name, offers, found)
    _require_unique(found)
    return SpecFiles(tuple(found.specs), tuple(found.faults), tuple(found.files))


def load_text(text: str, file: str, known_backends: KnownBackends | None = None) -> SpecFiles:
    """The specs of a text that stands in no file, or not in this one any more."""
    specs, faults = parse_documents(text, file, offers_of(known_backends, None, True))
    return SpecFiles(tuple(specs), tuple(faults), (Path(file),))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED_FOLDERS)
        yield from (Path(folder) / f for f in sorted(files) if f.endswith(SUFFIXES) and not f.startswith("."))


def _missing(path: Path) -> SpecFault:
    there = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    return _fault(path, "missing-file", f"there is no file or folder {path}", did_you_mean(path.name, there))


def _fault(path: Path, code: str, message: str, help: str = "") -> SpecFault:
    return SpecFault(code, Place(str(path), 1, 1), 1, message, "", help)


def _read(file: Path, explicit: bool, name: str, offers: Offers, found: _Found) -> None:
    try:
        data = file.read_bytes()
    except OSError as error:
        found.faults.append(_fault(file, "unreadable-file", f"the file cannot be read: {error.strerror or error}"))
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        problem = Problem("bad-encoding", len(before), 1, "the file is not UTF-8 here", "save it as UTF-8")
        found.faults.append(SourceText(data.decode("utf-8", "replace"), str(file)).fault(problem))
        return
    if not explicit and not _is_spec_file(text):
        return
    found.files.append(file)
    specs, faults = parse_documents(text, str(file), offers)
    if name:
        known = [spec.name for spec in specs]
        specs = [spec for spec in specs if spec.name == name]
        if not specs and not faults:
            help = did_you_mean(name, known) or f"it has {listed(known)}"
            faults = [_fault(file, "unknown-spec", f"{file} has no spec named `{name}`", help)]
    found.specs += specs
    found.faults += faults


def _is_spec_file(text: str) -> bool:
    """Whether a file that nobody named is a spec: by its keys, or because it is broken and says one of them."""
    if len(text) > MAX_CHARACTERS or not any(f"{key}:" in text or f'{key}"' in text for key in TELLING):
        return False
    documents = read_documents(text)
    mappings = [root for root in documents.roots if isinstance(root, MappingNode)]
    if any(root.get(key) is not None for root in mappings for key in NOT_SPECS):
        return False
    return bool(documents.problems) or any(root.get(key) is not None for root in mappings for key in TELLING)


def _require_unique(found: _Found) -> None:
    first: dict[str, Spec] = {}
    unique: list[Spec] = []
    for spec in found.specs:
        other = first.setdefault(spec.name, spec)
        if other is spec:
            unique.append(spec)
            continue
        if (other.place.file, other.index) == (spec.place.file, spec.index):
            continue
        place = spec.places.get("name", spec.place)
        where = f"{other.place.file}:{other.place.line}"
        message = f"the name `{spec.name}` is taken by {where}"
        found.faults.append(SpecFault("duplicate-name", place, 1, message, "", "give one of them another `name`"))
    found.specs[:] = unique
