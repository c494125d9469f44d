"""What students hand in, copied into a clean folder: nothing but regular files of bounded size under harmless names.

A submission may be a file, a folder or a zip archive. It may also be a zip bomb, climb out of its folder by `..` or a
symlink, hold a name with a newline, or 100 MB. Whatever is not taken is told to the student in a sentence.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from gradverify.grading.bulk import delivered_names
from gradverify.grading.model import Status

FILE_BYTES = 5 << 20  # of one file; the longest program that anybody writes for a lesson has a hundredth of it
ALL_BYTES = 20 << 20  # of all files of a submission together
MOST_FILES = 500
MOST_DEPTH = 8
CHUNK = 1 << 16
IGNORED = frozenset(("__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints", ".venv", "venv", "node_modules", ".idea"))
_DRIVE = re.compile(r"[A-Za-z]:")


class SubmissionError(Exception):
    """A submission that cannot be used; the message is for the student. How it was packed is no attempt at anything."""

    def __init__(self, message: str, status: Status = Status.MISSING) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Staged:
    """A submission in its clean folder. `file` is the one to run, relative to `folder`."""

    folder: Path
    file: str
    note: str = ""  # for the student: what was passed over, or taken for what


def stage(sources: tuple[Path, ...], target: Path, wanted: str) -> Staged:
    """Copy a student's files into the empty folder `target` and find `wanted` among them. Raises SubmissionError."""
    taken = _Taken(target)
    single = len(sources) == 1 and _kind(sources[0]) == "file"
    names, notes = delivered_names([source.name for source in sources])
    for source, own in zip(sources, names, strict=True):
        kind = _kind(source)
        if kind == "link":
            raise SubmissionError("the submission is a symbolic link; hand in the file itself")
        if kind == "folder":
            _copy_folder(source, taken)
        elif kind == "zip":
            _unpack(source, taken)
        elif kind == "file":
            _copy_file(source, PurePosixPath(_plain_name(own)), taken)
        else:
            raise SubmissionError(
                "the submission is neither a file nor a folder (a pipe, socket or device); hand in files only"
            )
    found = _find(taken, wanted, single=single)
    return replace(found, note="; ".join(note for note in (*notes, found.note) if note))


def digest_of(sources: tuple[Path, ...]) -> str:
    """SHA-256 of what was handed in, as it lies there; reading stops beyond the limits."""
    total = hashlib.sha256()
    for source in sources:
        for path, name in _walk(source):
            total.update(name.encode("utf-8", "surrogateescape") + b"\0")
            if path.is_symlink():
                total.update(b"link\0")
                continue
            if not is_regular(path):  # opening a pipe would wait for somebody to write into it
                total.update(b"special\0")
                continue
            part = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    left = ALL_BYTES
                    while left > 0 and (data := file.read(min(CHUNK, left))):
                        part.update(data)
                        left -= len(data)
                part.update(str(path.stat().st_size).encode())
            except OSError:
                part.update(b"unreadable")
            total.update(part.digest())
    return total.hexdigest()


def is_regular(path: Path) -> bool:
    """Whether it is a file: no link, pipe, socket or device. Nothing is opened."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _walk(source: Path) -> Iterator[tuple[Path, str]]:
    """The files of a submission, in order; links are named, never followed."""
    if source.is_symlink() or not source.is_dir():
        yield source, source.name
        return
    count = 0
    for here, folders, files in os.walk(source, followlinks=False):
        links = [f for f in folders if os.path.islink(os.path.join(here, f))]
        folders[:] = sorted(f for f in folders if f not in IGNORED and f not in links)
        if len(Path(here).relative_to(source).parts) >= MOST_DEPTH:
            folders.clear()
        for name in sorted([*files, *links]):
            count += 1
            if count > MOST_FILES:
                return
            path = Path(here, name)
            yield path, str(path.relative_to(source))


class _Taken:
    """The clean folder while it is filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[PurePosixPath] = []
        self.links: list[str] = []
        self.left = ALL_BYTES

    def room_for(self, name: PurePosixPath) -> Path:
        """Where a file goes; its folders are made."""
        if len(self.files) >= MOST_FILES:
            raise SubmissionError(f"the submission has more than {MOST_FILES} files; hand in your own files only")
        place = self.folder.joinpath(*name.parts)
        try:
            place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError:
            raise SubmissionError("two entries of the submission have the same name") from None
        if place.exists():
            raise SubmissionError("two files of the submission have the same name")
        self.files.append(name)
        return place

    def spend(self, count: int) -> None:
        """Count bytes that were written."""
        self.left -= count
        if self.left < 0:
            raise SubmissionError(
                f"the submission has more than {ALL_BYTES >> 20} MB when unpacked; hand in your own files only"
            )


def _kind(source: Path) -> str:
    try:
        mode = source.lstat().st_mode
    except (OSError, ValueError):
        return "nothing"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    if not stat.S_ISREG(mode):
        return "other"
    return "zip" if source.suffix.lower() == ".zip" else "file"


def _plain_name(name: str) -> str:
    """A file name that Python can import and nobody can misread; what is left of an odd one."""
    stem, dot, ending = name.rpartition(".")
    clean = re.sub(r"[^\w.-]", "_", stem if dot else name, flags=re.ASCII)[:100].lstrip(".-") or "file"
    ending = re.sub(r"[^A-Za-z0-9]", "", ending)[:10]
    return f"{clean}.{ending}" if dot and ending else clean


def _copy_folder(source: Path, taken: _Taken) -> None:
    for path, name in _walk(source):
        if path.is_symlink():
            taken.links.append(name)
            continue
        if not is_regular(path):
            raise SubmissionError("the submission holds a pipe, socket or device; hand in files only")
        relative = PurePosixPath(*(_plain_name(part) for part in Path(name).parts))
        if relative.name.startswith("."):
            continue
        _copy_file(path, relative, taken)


def _copy_file(path: Path, name: PurePosixPath, taken: _Taken) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise SubmissionError(f"`{_shown(name)}` cannot be read: {error.strerror}", Status.GRADER_ERROR) from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise SubmissionError(f"`{_shown(name)}` is not a regular file")
        size = os.fstat(file.fileno()).st_size
        if size > FILE_BYTES:
            raise SubmissionError(_too_large(name, size))
        _write(iter(lambda: file.read(CHUNK), b""), name, taken)


def _too_large(name: PurePosixPath, size: int | None) -> str:
    told = f"{size / (1 << 20):.0f} MB" if size is not None else "more"
    return f"`{_shown(name)}` has {told}; at most {FILE_BYTES >> 20} MB are taken"


def _write(chunks: Iterator[bytes], name: PurePosixPath, taken: _Taken) -> None:
    place = taken.room_for(name)
    written = 0
    with place.open("xb") as out:
        for data in chunks:
            written += len(data)
            taken.spend(len(data))
            if written > FILE_BYTES:
                raise SubmissionError(_too_large(name, None))
            out.write(data)
    place.chmod(0o644)


def _unpack(source: Path, taken: _Taken) -> None:
    """A zip archive's files, counted as they are unpacked: what the archive says of its sizes is not believed."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            _require_few(entries)
            for entry in entries:
                _unpack_entry(archive, entry, taken)
    except SubmissionError:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise SubmissionError(f"the zip archive cannot be unpacked ({_reason(error)})") from None
    except (RuntimeError, ValueError, OverflowError, UnicodeError) as error:  # encrypted, or a broken header
        raise SubmissionError(f"the zip archive cannot be unpacked ({_reason(error)})") from None


def _require_few(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES * 4:
        raise SubmissionError(f"the archive has {len(entries):,} entries; hand in your own files only")


def _unpack_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, taken: _Taken) -> None:
    raw = entry.filename
    if "\\" in raw:
        raw = raw.replace("\\", "/")
    if raw.startswith("/") or _DRIVE.match(raw) or ".." in raw.split("/"):
        raise SubmissionError("the archive holds a path that leads out of it; pack your files without folders")
    if stat.S_ISLNK(entry.external_attr >> 16):
        taken.links.append(raw)
        return
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    if entry.is_dir() or not parts or any(part in IGNORED for part in parts) or parts[-1].startswith("."):
        return
    if len(parts) > MOST_DEPTH:
        return
    if entry.flag_bits & 0x1:
        raise SubmissionError("the archive is encrypted; pack it without a password")
    name = PurePosixPath(*(_plain_name(part) for part in parts))
    if entry.file_size > FILE_BYTES:
        raise SubmissionError(_too_large(name, entry.file_size))
    with archive.open(entry) as file:
        _write(iter(lambda: file.read(CHUNK), b""), name, taken)


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__


def _shown(name: PurePosixPath) -> str:
    text = str(name)
    return text if len(text) <= 60 else text[:59] + "…"


def _find(taken: _Taken, wanted: str, *, single: bool) -> Staged:
    """The file to run: by its name, by its name with what platforms add to it, or because it is the only one."""
    python = [name for name in taken.files if name.suffix == ".py"]
    if single and python:
        return _as_wanted(taken, python[0], wanted, "")
    exact = sorted((n for n in python if n.name == wanted), key=lambda n: len(n.parts))
    if len(exact) > 1 and len(exact[0].parts) == len(exact[1].parts):
        raise SubmissionError(f"there are {len(exact)} files called `{wanted}`; hand in one")
    stem = wanted.removesuffix(".py")
    renamed = re.compile(rf"{re.escape(stem)}([-_ ]?\(?_?\d{{1,3}}_?\)?)?\.py", re.IGNORECASE)
    if exact:
        others = [name for name in python if renamed.fullmatch(name.name) and name.name != wanted]
        note = f"`{wanted}` was graded, and `{_shown(others[0])}` beside it was not" if others else ""
        return Staged(taken.folder.joinpath(*exact[0].parts).parent, wanted, note)
    close = [name for name in python if renamed.fullmatch(name.name)] or (python if len(python) == 1 else [])
    if len(close) == 1:
        return _as_wanted(taken, close[0], wanted, f"`{_shown(close[0])}` was taken for {wanted}")
    raise SubmissionError(_nothing(taken, wanted))


def _as_wanted(taken: _Taken, name: PurePosixPath, wanted: str, note: str) -> Staged:
    place = taken.folder.joinpath(*name.parts)
    if name.name != wanted:
        place.rename(place.with_name(wanted))
    return Staged(place.parent, wanted, note)


def _nothing(taken: _Taken, wanted: str) -> str:
    if any(PurePosixPath(link).name == wanted for link in taken.links):
        return f"`{wanted}` is a symbolic link; hand in the file itself"
    if taken.links and not taken.files:
        return "the submission holds symbolic links only; hand in the files themselves"
    if not taken.files:
        return "the submission is empty"
    notebooks = [name for name in taken.files if name.suffix == ".ipynb"]
    if notebooks:
        return f"there is no {wanted}; a notebook was handed in: export its functions to {wanted}"
    there = ", ".join(f"`{_shown(name)}`" for name in taken.files[:5])
    return f"there is no {wanted} among the files handed in ({there}{', …' if len(taken.files) > 5 else ''})"
