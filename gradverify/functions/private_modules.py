"""Import a user's own modules without their names meeting anybody else's.

Two specs in different folders may both have a `losses.py`, each with a `helpers.py` beside it. Every folder therefore
becomes a package of its own with a private name, and the `import` statements of the modules in it are answered first
from there: at import time and whenever a function imports something later. `sys.path` is not touched, no bytecode is
written into the user's folder.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import itertools
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

_PREFIX = "_gradverify_user_"
_numbers = itertools.count(1)


class PrivateModules:
    """The user's modules below `roots`, imported under names that nobody else has.

    roots: folders that an absolute import is looked up in before anything else, in order.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.name = f"{_PREFIX}{next(_numbers)}"
        self.roots = tuple(roots)
        self.loaded: dict[Path, tuple[int, int]] = {}  # each file that was run, as it was then: mtime in ns, size
        self.builtins = {**vars(builtins), "__import__": self._import}
        self.importlib = _Importlib(self)
        package = ModuleType(self.name)
        package.__path__ = [str(root) for root in self.roots]
        sys.modules[self.name] = package
        _FINDER.worlds[self.name] = self
        if _FINDER not in sys.meta_path:
            sys.meta_path.insert(0, _FINDER)

    def load_file(self, path: Path) -> ModuleType:
        """The module of `path`, which lies below one of the roots; run on the first call."""
        importlib.invalidate_caches()
        return importlib.import_module(f"{self.name}.{dotted_name(path, self.roots)}")

    def changed(self) -> bool:
        """Whether a file that was run is no longer what it was."""
        return any(state != _state(path) for path, state in self.loaded.items())

    def forget(self) -> None:
        """Take the modules out of `sys.modules`; functions that came from them go on working."""
        _FINDER.worlds.pop(self.name, None)
        for name in [name for name in sys.modules if name == self.name or name.startswith(self.name + ".")]:
            del sys.modules[name]

    def owns(self, top: str) -> bool:
        """Whether the top-level module `top` is one of the user's."""
        for root in self.roots:
            if (root / f"{top}.py").is_file() or (root / top / "__init__.py").is_file():
                return True
            if (root / top).is_dir() and next((root / top).glob("*.py"), None) is not None:
                return importlib.util.find_spec(top) is None  # a plain folder of modules, unless a package has the name
        return False

    def means(self, top: str, importer: object) -> bool:
        """Whether the module `importer` means one of the user's by `top`.

        A `random.py` that imports `random` does not.
        """
        return top not in sys.builtin_module_names and importer != f"{self.name}.{top}" and self.owns(top)

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        own_name = globals.get("__name__") if globals is not None else None
        if level or not self.means(top, own_name):
            found = builtins.__import__(name, globals, locals, fromlist or (), level)
            return self.importlib if found is importlib else found
        module = builtins.__import__(f"{self.name}.{name}", globals, locals, fromlist or ("__name__",), 0)
        return module if fromlist else sys.modules[f"{self.name}.{top}"]


class _Importlib(ModuleType):
    """`importlib` as the user's modules see it: its `import_module` finds what their `import` finds."""

    def __init__(self, world: PrivateModules) -> None:
        super().__init__("importlib", importlib.__doc__)
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib, name)

    def import_module(self, name: str, package: str | None = None) -> ModuleType:
        """As `importlib.import_module`."""
        importer = sys._getframe(1).f_globals.get("__name__")
        if name.startswith("."):
            if package is not None and self._world.means(package.partition(".")[0], importer):
                package = f"{self._world.name}.{package}"
        elif self._world.means(name.partition(".")[0], importer):
            name = f"{self._world.name}.{name}"
        return importlib.import_module(name, package)


class _Finder(MetaPathFinder):
    """Finds the modules of every `PrivateModules` and has them run with its `import`."""

    def __init__(self) -> None:
        self.worlds: dict[str, PrivateModules] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        world = self.worlds.get(fullname.partition(".")[0])
        if world is None:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _Loader(found.loader.name, found.loader.path, world)
        return found


class _Loader(SourceFileLoader):
    """Runs a source file with the `import` of its `PrivateModules`, past the bytecode cache."""

    def __init__(self, fullname: str, path: str, world: PrivateModules) -> None:
        super().__init__(fullname, path)
        self.world = world

    def path_stats(self, path: str | bytes) -> Mapping[str, Any]:  # noqa: ARG002
        raise OSError  # the loader then neither reads nor writes bytecode, whose time stamps are too coarse for us

    def exec_module(self, module: ModuleType) -> None:
        file = Path(self.path)
        self.world.loaded[file] = _state(file)
        module.__dict__["__builtins__"] = self.world.builtins
        super().exec_module(module)


_FINDER = _Finder()


def _state(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, -1
    return status.st_mtime_ns, status.st_size


def package_root(path: Path) -> Path:
    """The first folder above `path` that is no package itself: where an absolute import of it would start."""
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def dotted_name(path: Path, roots: Sequence[Path]) -> str:
    """`sub.losses` for `sub/losses.py` below the first root that contains it."""
    for root in roots:
        if path.is_relative_to(root):
            parts = path.relative_to(root).with_suffix("").parts
            return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    raise ValueError(f"{path} lies below none of {', '.join(map(str, roots))}")
