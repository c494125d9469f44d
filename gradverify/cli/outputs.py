"""Reports to files: checked before the run, written whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradverify.core.report import Report

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

STANDARD_OUTPUT = "-"
SAID_ALOUD = frozenset(("github",))  # kinds that are read from standard output, so that they need name no file


@dataclass(frozen=True, slots=True)
class Output:
    """One `--report KIND:FILE`."""

    kind: str
    file: str

    @property
    def to_standard_output(self) -> bool:
        """Whether it is `KIND:-`."""
        return self.file == STANDARD_OUTPUT


def parse_outputs(values: Sequence[str], plugins: Plugins) -> tuple[Output, ...]:
    """The reports asked for. Raises `click.UsageError` for what could not be written anyway, before anything runs."""
    outputs: list[Output] = []
    for value in values:
        kind, colon, file = value.partition(":")
        if value in SAID_ALOUD and value in plugins.reporters:
            file, colon = STANDARD_OUTPUT, ":"
        if not colon or not file:
            raise click.UsageError(f"--report {value}: write KIND:FILE, such as `{_example(value, plugins)}`")
        if kind not in plugins.reporters:
            close = difflib.get_close_matches(kind, plugins.reporters, n=1)
            hint = f"did you mean `{close[0]}`? " if close else ""
            known = ", ".join(sorted(plugins.reporters))
            raise click.UsageError(f"--report {value}: there is no report of kind `{kind}`; {hint}installed: {known}")
        if any(_same(other.file, file) for other in outputs):
            raise click.UsageError(f"--report {value}: two reports would be written to {file}")
        if file != STANDARD_OUTPUT and (fault := cannot_write(Path(file))) is not None:
            raise click.UsageError(f"--report {value}: {fault}")
        outputs.append(Output(kind, file))
    return tuple(outputs)


def _example(value: str, plugins: Plugins) -> str:
    """What may have been meant by `report.json`, or by `html`: one without the other."""
    kind, colon, _ = value.partition(":")
    if kind in plugins.reporters and (colon or not Path(kind).suffix):
        return f"{kind}:report.{'xml' if kind == 'junit' else 'txt' if kind == 'text' else kind}"
    kind = Path(value).suffix.lstrip(".").replace("xml", "junit") or "json"
    return f"{kind}:{value.rstrip(':') if value.strip(':') else 'report.json'}"


def want_pictures(outputs: Sequence[Output], plugins: Plugins) -> bool:
    """Whether any of the reports draws what must be evaluated for it."""
    return any(bool(getattr(plugins.reporters[output.kind].value, "pictures", False)) for output in outputs)


def _same(first: str, second: str) -> bool:
    return first == second or (
        STANDARD_OUTPUT not in (first, second) and Path(first).resolve() == Path(second).resolve()
    )


def cannot_write(path: Path) -> str | None:
    """Why no report can be written to `path`; missing folders are made."""
    if path.is_dir():
        return f"{path} is a folder; name a file in it"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"the folder {path.parent} cannot be made: {error.strerror or error}"
    target = path if path.exists() else path.parent
    if not os.access(target, os.W_OK) or not (is_special(path) or os.access(path.resolve().parent, os.W_OK)):
        return f"{target} is not writable"
    return None


def is_special(path: Path) -> bool:
    """Whether `path` is a device or a pipe: it is written to rather than replaced, and keeps nothing to be read."""
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return False


def is_device(path: Path) -> bool:
    """Whether `path` is a device, which may never end when it is read."""
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)
    return False


def repository(folder: Path) -> dict[str, str]:
    """Where the platforms that show a report begin to count, as options of reporters; docs/report.md.

    root: the repository's root, else `folder`, the working folder. folder: the working folder, from the root.
    """
    root = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
    return {"root": str(root), "folder": folder.relative_to(root).as_posix()}


def write_outputs(
    outputs: Sequence[Output], report: Report, plugins: Plugins, options: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Write every report; what went wrong, one sentence for each that could not be written."""
    faults = []
    place = repository(Path.cwd()) if outputs else {}
    for output in outputs:
        reporter = plugins.reporters[output.kind]
        try:
            text = reporter.value.render(report, {**place, **options.get(output.kind, {})})
        except Exception as error:  # noqa: BLE001 - a plugin's fault costs its own report only
            faults.append(f"the {output.kind} report failed: {reporter.origin} raised {type(error).__name__}: {error}")
            continue
        try:
            if output.to_standard_output:
                sys.stdout.write(text if text.endswith("\n") else text + "\n")
                sys.stdout.flush()
            else:
                write_whole(Path(output.file), text)
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            faults.append(f"the {output.kind} report could not be written to {output.file}: {reason}")
    return faults


def write_whole(path: Path, text: str | bytes) -> None:
    """Write `text` to `path` in one step: readers see the old file or the new one, never half of it."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", errors="backslashreplace")
    if is_special(path):
        path.write_bytes(data)
        return
    path = path.resolve()  # what a link points to is replaced, not the link
    if _write_unnamed(path, data):
        return
    fd, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _write_unnamed(path: Path, data: bytes) -> bool:
    """The same by way of a file that has no name until it is whole, so that not even SIGKILL leaves half of one.

    False where the system has no such files (open(2): O_TMPFILE, Linux only, not on every file system).
    """
    if not hasattr(os, "O_TMPFILE"):
        return False
    try:
        fd = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, _mode(path))
    except OSError:
        return False
    name = path.parent / f".{path.name[:100]}.{os.getpid()}.tmp"
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.chmod(fd, _mode(path))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        try:
            os.link(f"/proc/self/fd/{fd}", name, follow_symlinks=True)
        except OSError:
            return False
        os.replace(name, path)
    return True


def _mode(path: Path) -> int:
    """The permissions that the file has, or that a new one would get."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
