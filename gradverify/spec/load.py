"""Spec files from disk: folders searched, `path::name` selected, names unique in a run."""

from __future__ import annotations

import contextlib
import gc
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gradverify.spec.errors import SpecFault
from gradverify.spec.model import Place, Spec
from gradverify.spec.parse import KnownBackends, offers_of, parse_documents, specs_of
from gradverify.spec.reader import Offers, did_you_mean
from gradverify.spec.search import SEPARATOR, SUFFIXES, search_folder
from gradverify.spec.source import SourceText
from gradverify.spec.yaml12 import MAX_CHARACTERS, Documents, Problem, read_documents
from gradverify.spec.yaml12 import Mapping as MappingNode
from gradverify.spec.yaml12 import Sequence as SequenceNode

CERTAIN = (".grad.yaml", ".grad.yml")  # files that call themselves specs
# A YAML file that is found in a folder is a spec when one of its documents has one of these keys; other tools' files
# have none.
TELLING = ("function", "gradient", "jacobian", "hessian", "rule")
NOT_SPECS = ("assignment",)  # gradverify's own files of another kind
_TELLING_LINE = re.compile(rf"^[\"']?({'|'.join(TELLING)})[\"']?\s*:|^\{{", re.MULTILINE)
_MAX_BYTES = 4 * MAX_CHARACTERS  # of UTF-8


@dataclass(frozen=True, slots=True)
class SpecFiles:
    """What was found: valid specs in order, every fault, the files that were read, and those passed over."""

    specs: tuple[Spec, ...] = ()
    faults: tuple[SpecFault, ...] = ()
    files: tuple[Path, ...] = ()
    skipped: tuple[Path, ...] = ()  # YAML files of other tools, found in folders


@dataclass(slots=True)
class _Found:
    offers: Offers
    specs: list[Spec] = field(default_factory=list)
    faults: list[SpecFault] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    read: dict[Path, tuple[list[Spec], SourceText]] = field(default_factory=dict)  # by resolved path
    added: set[int] = field(default_factory=set)  # ids of `specs`

    def add(self, specs: Sequence[Spec]) -> None:
        """Add specs, each once however often its file is named."""
        for spec in specs:
            if id(spec) not in self.added:
                self.added.add(id(spec))
                self.specs.append(spec)


def load_specs(
    paths: Sequence[Path | str],
    known_backends: KnownBackends | None = None,
    *,
    kinds: Sequence[str] | None = None,
    require_claim: bool = True,
    methods: Callable[[], Mapping[str, str]] | None = None,
) -> SpecFiles:
    """Read every spec of `paths`: files, folders (searched in sorted order), and `file::name`.

    A file named explicitly must hold specs; what is found in a folder and is plainly another tool's file is passed
    over. known_backends, kinds, require_claim, methods: as for `parse_specs`.
    """
    found = _Found(offers_of(known_backends, kinds, require_claim, methods))
    with _no_collector():
        for given in paths:
            text, separator, name = str(given).rpartition(SEPARATOR)
            if not separator or os.path.exists(given):
                text, name = str(given), ""
            path = Path(text)
            if os.path.isdir(path):
                for file in search_folder(path):
                    _read(file, False, found)
                if name:
                    found.faults.append(_fault(path, "unknown-spec", f"{path} is a folder; `::` selects from a file"))
            else:
                _select(path, name, found)
    _require_unique(found)
    return SpecFiles(tuple(found.specs), tuple(dict.fromkeys(found.faults)), tuple(found.files), tuple(found.skipped))


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """Without the search for garbage in cycles: parsing makes none, and would have all that was read searched again
    and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def load_text(
    text: str, file: str, known_backends: KnownBackends | None = None, *, first_line: int = 1, first_index: int = 0
) -> SpecFiles:
    """The specs of a text that stands in no file, or not in this one any more, or is one document of it."""
    offers = offers_of(known_backends)
    specs, faults = parse_documents(text, file, offers, first_line=first_line, first_index=first_index)
    return SpecFiles(tuple(specs), tuple(faults), (Path(file),))


def _select(path: Path, name: str, found: _Found) -> None:
    """All specs of a file that was named, or the one called `name`."""
    before = len(found.faults)
    specs = _read(path, True, found, add=not name)
    if not name or specs is None:
        return
    chosen = [spec for spec in specs if spec.name == name]
    found.add(chosen)
    if not chosen and len(found.faults) == before:
        help = did_you_mean(name, [spec.name for spec in specs], "its specs are")
        found.faults.append(_fault(path, "unknown-spec", f"no spec of {path} is named `{name}`", help))


def _read(file: Path, explicit: bool, found: _Found, add: bool = True) -> list[Spec] | None:
    """The specs of a file, added to what was found unless they were before; None where it could not be read."""
    if not os.path.exists(file):  # unlike Path.exists, False for names that no file can have
        found.faults.append(_missing(file))
        return None
    key = file.resolve()
    if key in found.read:
        specs = found.read[key][0]
        if add:
            found.add(specs)
        return specs
    source = _text(file, found)
    if source is None:
        return None
    documents = read_documents(source.text)
    if not explicit and not _is_spec_file(file, source.text, documents):
        found.skipped.append(file)
        return None
    specs, faults = specs_of(documents, source, found.offers)
    found.read[key] = specs, source
    found.files.append(file)
    found.faults += faults
    if add:
        found.add(specs)
    return specs


def _text(file: Path, found: _Found) -> SourceText | None:
    """A file's text; what stands in the way is a fault."""
    try:
        if not file.is_file():
            found.faults.append(_fault(file, "unreadable-file", f"{file} is not a file"))
            return None
        size = file.stat().st_size
        if size > _MAX_BYTES:
            found.faults.append(_fault(file, "file-too-large", f"the file has {size:,} bytes"))
            return None
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        found.faults.append(_fault(file, "unreadable-file", f"{file} cannot be read: {reason}"))
        return None
    try:
        return SourceText(data.decode("utf-8-sig"), str(file))
    except UnicodeDecodeError as error:
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        message = "the file is UTF-16, not UTF-8" if utf16 else "the file is not UTF-8 here"
        index = len(data[: error.start].decode("utf-8-sig", "replace"))
        source = SourceText(data.decode("utf-8-sig", "replace"), str(file))
        found.faults.append(source.fault(Problem("bad-encoding", index, 1, message, "save it as UTF-8")))
        return None


def _missing(path: Path) -> SpecFault:
    if os.path.islink(path):
        return _fault(
            path,
            "missing-file",
            f"{path} is a link that leads to no file",
            "it points to a file that is gone, or to itself",
        )
    there: list[str] = []
    with contextlib.suppress(OSError, ValueError):
        there = [p.name for p in path.parent.iterdir() if p.is_dir() or p.name.endswith(SUFFIXES)]
    help = did_you_mean(path.name, there) or "name the files or folders to read; `gradverify init` writes a first spec"
    return _fault(path, "missing-file", f"there is no file or folder {path}", help)


def _fault(path: Path, code: str, message: str, help: str = "") -> SpecFault:
    """A fault that concerns a whole file."""
    return SpecFault(code, Place(str(path), 1, 1), 1, message, "", help)


def _is_spec_file(file: Path, text: str, documents: Documents) -> bool:
    """Whether a file that nobody named is a spec: by its name, by its keys, or because it is broken and shows one."""
    if file.name.endswith(CERTAIN):
        return True
    mappings = [root for root in documents.roots if isinstance(root, MappingNode)]
    if any(root.get(key) is not None for root in mappings for key in NOT_SPECS):
        return False
    if any(root.get(key) is not None for root in mappings for key in TELLING):
        return True
    # Specs as the items of a list, which is no way to write them: passed over, they would be lost without a word.
    lists = (root.items for root in documents.roots if isinstance(root, SequenceNode))
    listed = [item for items in lists for item in items if isinstance(item, MappingNode)]
    if any(item.get("variables") is not None and any(item.get(key) is not None for key in TELLING) for item in listed):
        return True
    broken = not mappings and bool(documents.problems)
    return broken and _TELLING_LINE.search(text) is not None


def _require_unique(found: _Found) -> None:
    first: dict[str, Spec] = {}
    unique: list[Spec] = []
    for spec in found.specs:
        other = first.setdefault(spec.name, spec)
        if other is spec:
            unique.append(spec)
            continue
        place = spec.places.get("name", spec.place)
        line = found.read[Path(spec.place.file).resolve()][1].line(place.line)
        message = f"the name `{spec.name}` is taken by {other.place.file}:{other.place.line}"
        help = "give one of them another `name`" if "name" in spec.places else "give it a `name` of its own"
        found.faults.append(SpecFault("duplicate-name", place, 4 if "name" in spec.places else 1, message, line, help))
    found.specs[:] = unique
