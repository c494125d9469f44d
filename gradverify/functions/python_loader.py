"""The `python` function loader: `losses.py:loss`, `sub/losses.py:Model.loss`, `package.module:loss`."""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib
import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from gradverify.core.problem import SourceLocation, one_line
from gradverify.functions.private_modules import PrivateModules, package_root
from gradverify.hookspecs import LoadError

_DEFINITION = re.compile(r"\s*(async\s+def|def|class)\b|.*\blambda\b")


class PythonLoader:
    """Loads functions from Python files and modules, each folder's modules apart from every other's."""

    kind = "python"

    def __init__(self) -> None:
        self._folders: dict[tuple[Path, ...], PrivateModules] = {}

    def load(self, target: str, directory: Path, options: Mapping[str, Any]) -> Callable[..., Any]:
        """The callable that `target` names; a file's path starts at `directory`.

        Raises `LoadError` with one sentence when there is none.
        """
        if options:
            raise LoadError(f"a `python` function takes no option `{next(iter(options))}`")
        place, colon, name = target.rpartition(":")
        if not colon or not place or not name or _is_a_drive(place, name):
            raise LoadError(f"`{target}` names no function: write `{target.rstrip(':') or 'losses.py'}:NAME`")
        place, name = place.strip(), name.strip()
        if place.endswith(".py") or "/" in place or "\\" in place:
            module = self._load_file(place, directory)
        else:
            module = self._load_module(place, directory)
        return _find(module, name, place)

    def _load_file(self, place: str, directory: Path) -> ModuleType:
        path = (directory / place).resolve()
        if not path.is_file():
            raise LoadError(_missing_file(place, path))
        if path.suffix != ".py":
            raise LoadError(f"`{place}` is not a Python file (`.py`)")
        root = package_root(path)
        roots = (root,) if root == path.parent else (root, path.parent)
        with _explained(place):
            if "." in path.stem:
                raise LoadError(f"`{place}` cannot be imported: its name has a dot before `.py`")
            return self._folder(roots).load_file(path)

    def _load_module(self, place: str, directory: Path) -> ModuleType:
        top = place.partition(".")[0]
        folder = directory.resolve()
        here = Path.cwd()
        on_path = {Path(entry or ".").resolve() for entry in sys.path}
        with _explained(place):
            if folder not in on_path and folder != here and top not in sys.builtin_module_names:
                private = self._folder((folder,))
                if private.owns(top):
                    importlib.invalidate_caches()
                    return importlib.import_module(f"{private.name}.{place}")
            if here not in on_path and any(
                entry.is_file() for entry in (here / f"{top}.py", here / top / "__init__.py")
            ):
                sys.path.insert(
                    0, str(here)
                )  # stays there, as under `python -m`: functions may import more when called
            return importlib.import_module(place)

    def _folder(self, roots: tuple[Path, ...]) -> PrivateModules:
        known = self._folders.get(roots)
        if known is not None and known.changed():
            known.forget()
            known = None
        if known is None:
            known = self._folders[roots] = PrivateModules(roots)
        return known


@contextlib.contextmanager
def _explained(place: str) -> Iterator[None]:
    """Say in one sentence why a module could not be imported; what it prints goes to standard error."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except LoadError:
        raise
    except SyntaxError as error:
        where = f"{Path(error.filename).name}:{error.lineno}" if error.filename else place
        raise LoadError(f"`{place}` has a syntax error at {where}: {error.msg}") from error
    except (SystemExit, GeneratorExit) as error:
        raise LoadError(f"`{place}` exits when it is imported ({one_line(error)}{_at(error)})") from error
    except ModuleNotFoundError as error:
        raise LoadError(f"`{place}` cannot be imported: {error}{_at(error)}") from error
    except Exception as error:
        raise LoadError(f"`{place}` cannot be imported: {one_line(error)}{_at(error)}") from error


def _at(error: BaseException) -> str:
    """` (losses.py:3)`: the last line of the user's code that the error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = ("gradverify/functions/", "<frozen importlib", "importlib/__init__.py", "contextlib.py")
    users = [frame for frame in frames if not any(part in frame.filename for part in own)]
    return f" ({Path(users[-1].filename).name}:{users[-1].lineno})" if users else ""


def _missing_file(place: str, path: Path) -> str:
    if path.is_dir():
        return f"`{place}` is a folder, not a Python file"
    if not path.parent.is_dir():
        return f"`{place}` does not exist: there is no folder {path.parent}"
    files = sorted(file.name for file in path.parent.glob("*.py"))
    close = difflib.get_close_matches(path.name, files, n=1, cutoff=0.5)
    if close:
        return f"`{place}` does not exist, did you mean `{(Path(place).parent / close[0]).as_posix()}`?"
    listed = ", ".join(f"`{file}`" for file in files[:5]) or "no Python files"
    return f"`{place}` does not exist; {path.parent} has {listed}{' …' if len(files) > 5 else ''}"


def _is_a_drive(place: str, name: str) -> bool:
    """Whether `C:losses.py` was meant as a path, to which the function's name is still missing."""
    return len(place) == 1 and place.isalpha() and (name.endswith(".py") or "/" in name or "\\" in name)


def _find(module: ModuleType, name: str, place: str) -> Callable[..., Any]:
    found: Any = module
    walked = place
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            candidates = [key for key in dir(found) if not key.startswith("__") and callable(getattr(found, key, None))]
            close = difflib.get_close_matches(part, candidates, n=1, cutoff=0.5)
            hint = f", did you mean `{close[0]}`?" if close else ""
            raise LoadError(f"`{walked}` has no `{part}`{hint}") from None
        walked = f"{walked}:{part}" if walked == place else f"{walked}.{part}"
    if not callable(found):
        raise LoadError(f"`{walked}` is not a function but {_a(type(found).__name__)}")
    if inspect.iscoroutinefunction(found):
        raise LoadError(f"`{walked}` is an `async` function; a plain one is needed")
    result: Callable[..., Any] = found
    return result


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} `{noun}`"


def source_of(function: Callable[..., Any]) -> SourceLocation | None:
    """Where `function` is defined, seen through `functools.partial` and `functools.wraps`; None for built-ins."""
    inner: Any = function
    while True:
        if isinstance(inner, functools.partial):
            inner = inner.func
        elif hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        elif inspect.ismethod(inner):
            inner = inner.__func__
        else:
            break
    if inspect.isclass(inner):
        inner = inner.__init__
    code = getattr(inner, "__code__", None)
    if code is None:
        code = getattr(vars(type(inner)).get("__call__"), "__code__", None)
        name = type(inner).__qualname__
    else:
        name = getattr(inner, "__qualname__", code.co_name)
    if not isinstance(code, CodeType) or code.co_filename.startswith("<"):
        return None
    return SourceLocation(code.co_filename, _line_of_definition(code), name)


def _line_of_definition(code: CodeType) -> int:
    """The line of the `def`: a code object starts at its first decorator."""
    for line in range(
        code.co_firstlineno, code.co_firstlineno + 50
    ):  # decorators longer than that keep their first line
        text = linecache.getline(code.co_filename, line)
        if not text:
            break
        if _DEFINITION.match(text):
            return line
    return code.co_firstlineno
