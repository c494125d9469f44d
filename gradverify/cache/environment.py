"""Which gradverify, Python, packages and plugins a result came from, as one digest."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gradverify import __version__
from gradverify.cache.digests import digest, digest_of_sources

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

FORMAT = 1  # of keys and entries: raised when either changes its meaning
# What the environment may say that changes which code runs.
_VARIABLES = ("GRADVERIFY_PLUGINS", "PYTHONPATH", "PYTHONOPTIMIZE")
_METADATA = (".dist-info", ".egg-info")


def installation_key(block: Sequence[str]) -> str:
    """The digest of versions: of gradverify, Python, the machine's kind, and of every package that can be imported.

    Package versions are in the names of their metadata folders, so no file has to be read.
    """
    variables = [f"{name}={os.environ.get(name)}" for name in _VARIABLES]
    fixed = [str(FORMAT), __version__, sys.version, sys.implementation.name, platform.machine(), sys.platform]
    return digest(*fixed, "block", *sorted(block), "variables", *variables, "packages", *_packages())


def _packages() -> Iterator[str]:
    for entry in sys.path:
        if not entry or not os.path.isdir(entry):
            continue
        try:
            names = os.listdir(entry)
        except OSError:
            continue
        # Without a version in its name it is a working copy's, whose code is looked at where it matters.
        yield from sorted(name for name in names if name.endswith(_METADATA) and "-" in name.rpartition(".")[0])


def environment_key(installation: str, code: Iterable[str]) -> str:
    """The digest of an installation and of the code in folders that no version stands for."""
    return digest(installation, digest_of_sources(code))


def unversioned_code(plugins: Plugins) -> tuple[str, ...]:
    """Folders and files of gradverify's and its plugins' code, where that is run from a working copy."""
    return tuple(place for place in code_of(plugins) if not _is_versioned(place))


def code_of(plugins: Plugins) -> tuple[str, ...]:
    """Folders and files of gradverify's and its plugins' code."""
    import gradverify

    places = {os.path.dirname(os.path.abspath(gradverify.__file__))}
    places |= {place for place in map(_place_of, plugins.modules) if place is not None}
    return tuple(sorted(places))


def _place_of(module: str) -> str | None:
    """The folder of the top-level package of a module that is loaded, or its file; None for what is in no file."""
    loaded = sys.modules.get(module.partition(".")[0])
    file: str | None = getattr(loaded, "__file__", None)
    if not file:
        return None
    path = os.path.abspath(file)
    return os.path.dirname(path) if os.path.basename(path) == "__init__.py" else path


def _is_versioned(place: str) -> bool:
    parts = place.split(os.sep)
    return "site-packages" in parts or "dist-packages" in parts
