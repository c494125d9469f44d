"""Loading plugins: each on its own, timed; what cannot be loaded becomes a disabled plugin with the reason."""

from __future__ import annotations

import contextlib
import difflib
import importlib.metadata
import inspect
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence

import pluggy

import gradverify
from gradverify import hookspecs
from gradverify.hookspecs import API_VERSION, PROJECT
from gradverify.plugins import bundled
from gradverify.plugins.discovery import Candidate, find_candidates, is_named
from gradverify.plugins.registry import Loaded, Plugins, Status

ALLOW_VARIABLE = "GRADVERIFY_PLUGINS"  # `a,b`: load these only; empty: none
API_ATTRIBUTE = "GRADVERIFY_API"  # a plugin may say which API version it was written for
PREFIX = "gradverify_"


def load_plugins(
    block: Sequence[str] = (), allow: Sequence[str] | None = None, *, extra: Mapping[str, object] | None = None
) -> Plugins:
    """Load every installed plugin that is not blocked.

    block: entry-point or distribution names (`-p no:NAME`; the `no:` may be there).
    allow: load these only; None means what the environment variable GRADVERIFY_PLUGINS names, if it is set.
    extra: plugin objects by name that are not installed, for tests and embedding.
    Never raises for what a plugin does: see `Plugins.statuses` and `Plugins.warnings`.
    """
    block = tuple(name.removeprefix("no:") for name in block)
    allow = _allowed_by_environment() if allow is None else allow
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    candidates, broken = find_candidates()

    loaded = [_own_plugin(manager)]
    for candidate in candidates:
        taken = any(candidate.name == other.name for other in loaded)
        name = candidate.full_name if taken else candidate.name
        plugin = Loaded(name, candidate.distribution, candidate.version)
        plugin.reasons.extend(_blocked(candidate, block, allow))
        if plugin.reasons:
            plugin.status = Status.BLOCKED
        else:
            _import(manager, plugin, candidate.entry_point)
        loaded.append(plugin)
    for unreadable in broken:
        plugin = Loaded(unreadable.distribution, unreadable.distribution, "unknown")
        plugin.fail(unreadable.reason)
        loaded.append(plugin)
    for name, value in (extra or {}).items():
        plugin = Loaded(name, name, "0", module=type(value).__module__)
        _register(manager, plugin, value)
        loaded.append(plugin)
    return Plugins(manager, loaded, block=block, notes=_unused(block, candidates))


def _allowed_by_environment() -> tuple[str, ...] | None:
    names = os.environ.get(ALLOW_VARIABLE)
    return None if names is None else tuple(name.strip() for name in names.split(",") if name.strip())


def _own_plugin(manager: pluggy.PluginManager) -> Loaded:
    plugin = Loaded("gradverify", "gradverify", gradverify.__version__, internal=True)
    _register(manager, plugin, bundled)
    return plugin


def _blocked(candidate: Candidate, block: Sequence[str], allow: Sequence[str] | None) -> list[str]:
    """Why the candidate is not to be loaded; empty if it is."""
    if is_named(candidate, block):
        return ["blocked by `-p no:NAME` or the settings"]
    if allow is not None and not is_named(candidate, allow):
        return [f"not among those allowed by {ALLOW_VARIABLE}"]
    return []


def _unused(block: Sequence[str], candidates: Iterable[Candidate]) -> list[str]:
    """A note for each blocked name that no plugin has: most likely misspelt."""
    candidates = tuple(candidates)
    names = {c.name for c in candidates} | {c.distribution for c in candidates}
    notes = []
    for name in block:
        if not any(is_named(c, [name]) for c in candidates):
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            notes.append(f"no plugin is named `{name}`, so none was blocked{hint}")
    return notes


def _import(manager: pluggy.PluginManager, plugin: Loaded, entry_point: importlib.metadata.EntryPoint) -> None:
    plugin.module = entry_point.module
    start = time.perf_counter()
    try:
        with contextlib.redirect_stdout(sys.stderr):  # standard output may be a report
            value = entry_point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit too: a plugin may not end the run
        plugin.fail(f"cannot be imported: {_line(error)}")
        return
    finally:
        plugin.import_ms = (time.perf_counter() - start) * 1e3
    _register(manager, plugin, value)


def _register(manager: pluggy.PluginManager, plugin: Loaded, value: object) -> None:
    """Register the hooks of `value`; note what is wrong with them."""
    wanted = getattr(value, API_ATTRIBUTE, API_VERSION)
    if wanted != API_VERSION:
        plugin.fail(f"is written for version {wanted} of the plugin API; this gradverify has version {API_VERSION}")
        return
    known = _hook_names()
    marked = tuple(name for name in dir(value) if _is_marked(manager, value, name))
    plugin.hooks = tuple(sorted(set(marked) & known))
    for name in sorted(set(marked) - known):
        close = difflib.get_close_matches(name, known, n=1)
        plugin.fail(f"implements an unknown hook `{name}`" + (f"; did you mean `{close[0]}`?" if close else ""))
    for name in sorted(known - set(marked)):
        if inspect.isroutine(getattr(value, name, None)):
            plugin.fail(f"`{name}` is not marked with `@hookimpl`")
    if not plugin.hooks and not plugin.reasons:
        plugin.fail("implements no hook")
    if not plugin.hooks:
        return
    try:
        manager.register(value, name=plugin.name)
    except (pluggy.PluginValidationError, ValueError) as error:
        plugin.hooks = ()
        plugin.fail(f"does not fit the hooks: {_line(error)}")
        with contextlib.suppress(AssertionError, ValueError):
            manager.unregister(name=plugin.name)


def _hook_names() -> set[str]:
    return {name for name in vars(hookspecs) if name.startswith(PREFIX)}


def _is_marked(manager: pluggy.PluginManager, value: object, name: str) -> bool:
    try:
        options = manager.parse_hookimpl_opts(value, name)
    except Exception:  # noqa: BLE001 - an attribute that raises when looked at is no hook
        return False
    return options is not None and not (options["optionalhook"] and name not in _hook_names())


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
