"""The plugins of a run: what each one offers, how each one is, and calling their hooks one by one."""

from __future__ import annotations

import contextlib
import copy
import difflib
import enum
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import gradverify
from gradverify.core.report import PluginInfo
from gradverify.hookspecs import PROJECT, BackendOption, FunctionLoader, Reporter
from gradverify.plugins import validation

if TYPE_CHECKING:
    import pluggy

    from gradverify.core.descent.run import DescentMethod
    from gradverify.core.estimates import Backend

T = TypeVar("T")


class Status(enum.StrEnum):
    """How a plugin is."""

    OK = "ok"
    BLOCKED = "blocked"
    FAILED = "failed"  # in part or altogether: whatever it offered that is sound is still used


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginStatus:
    """What `gradverify plugins` says of one plugin."""

    name: str  # of the entry point
    distribution: str
    version: str
    status: Status
    reason: str | None = None
    hooks: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    import_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Registered(Generic[T]):
    """Something that a plugin offers, and whom to blame when it breaks."""

    value: T
    plugin: str
    distribution: str
    version: str

    @property
    def origin(self) -> str:
        """`plugin sympy (gradverify 0.1.0)`."""
        return origin(self.plugin, self.distribution, self.version)


def origin(plugin: str, distribution: str, version: str) -> str:
    """How a plugin is named in messages."""
    return f"plugin {plugin} ({distribution} {version})"


@dataclass(slots=True)
class Loaded:
    """A plugin while it is looked after: what it is, and the reasons why it is not quite well."""

    name: str
    distribution: str
    version: str
    status: Status = Status.OK
    reasons: list[str] = field(default_factory=list)
    hooks: tuple[str, ...] = ()
    import_ms: float = 0.0
    module: str = ""  # where its code is
    internal: bool = False  # gradverify's own reporters and loaders: not a plugin that people would list

    @property
    def origin(self) -> str:
        """How it is named in messages."""
        return origin(self.name, self.distribution, self.version)

    def fail(self, reason: str) -> None:
        """Note a fault; what it offers otherwise goes on."""
        self.status = Status.FAILED
        if reason not in self.reasons:
            self.reasons.append(reason)

    def register(self, value: T) -> Registered[T]:
        """Bind `value` to this plugin's name."""
        return Registered(value, self.name, self.distribution, self.version)


class Plugins:
    """All plugins of a run. Hooks are called when their results are first asked for; results are kept."""

    def __init__(
        self,
        manager: pluggy.PluginManager,
        loaded: Iterable[Loaded],
        *,
        block: tuple[str, ...],
        notes: Iterable[str] = (),
    ) -> None:
        self._manager = manager
        self._loaded = {plugin.name: plugin for plugin in loaded}
        self._notes = list(notes)
        self.block = block  # what was blocked, so that a worker process can load the same plugins

    @cached_property
    def backends(self) -> Mapping[str, Registered[Backend]]:
        """Backends by name, gradverify's own first."""
        return self._gather("gradverify_backends", "backend", "name", validation.backend_fault)

    @cached_property
    def loaders(self) -> Mapping[str, Registered[FunctionLoader]]:
        """Function loaders by kind."""
        return self._gather("gradverify_function_loaders", "function loader", "kind", validation.loader_fault)

    @cached_property
    def reporters(self) -> Mapping[str, Registered[Reporter]]:
        """Reporters by name."""
        return self._gather("gradverify_reporters", "reporter", "name", validation.reporter_fault)

    @cached_property
    def descent_methods(self) -> Mapping[str, Registered[DescentMethod]]:
        """Descent methods by name."""
        return self._gather("gradverify_descent_methods", "descent method", "name", validation.method_fault)

    def descent_method_uses(self) -> Mapping[str, str]:
        """Descent methods by name, with what each does with a spec's `learning_rate`."""
        return {name: str(method.value.learning_rate) for name, method in self.descent_methods.items()}

    @cached_property
    def executors(self) -> Mapping[str, Registered[Callable[[str], Executor]]]:
        """Executor factories by scheme."""
        found: dict[str, Registered[Callable[[str], Executor]]] = {}
        for plugin, answer in self._answers("gradverify_executors"):
            if not isinstance(answer, Mapping):
                plugin.fail(f"gradverify_executors returned a {type(answer).__name__}, not a mapping")
                continue
            for scheme, factory in answer.items():
                fault = validation.executor_fault(scheme, factory) or _taken("executor", scheme, found)
                if fault is None:
                    found[scheme] = plugin.register(factory)
                else:
                    plugin.fail(fault)
        return MappingProxyType(found)

    @property
    def statuses(self) -> tuple[PluginStatus, ...]:
        """One entry for each entry point found. Asks every plugin for all that it offers."""
        self._gather_all()
        return tuple(
            PluginStatus(
                name=plugin.name,
                distribution=plugin.distribution,
                version=plugin.version,
                status=plugin.status,
                reason="; ".join(plugin.reasons) or None,
                hooks=plugin.hooks,
                backends=tuple(name for name, backend in self.backends.items() if backend.plugin == plugin.name),
                import_ms=plugin.import_ms,
            )
            for plugin in self._loaded.values()
            if not plugin.internal
        )

    @property
    def infos(self) -> tuple[PluginInfo, ...]:
        """The same, as the report keeps it."""
        return tuple(
            PluginInfo(name=status.name, version=status.version, status=status.status.value, reason=status.reason)
            for status in self.statuses
        )

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of the plugins that were loaded."""
        return tuple(plugin.module for plugin in self._loaded.values() if plugin.module and plugin.hooks)

    def listen(self, *hooks: str) -> bool:
        """Whether any plugin implements one of `hooks`."""
        return any(hook in plugin.hooks for plugin in self._loaded.values() for hook in hooks)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a run should tell its user about plugins, one line each."""
        self._gather_all()
        failed = [
            f"{plugin.origin}: {reason}"
            for plugin in self._loaded.values()
            if plugin.status is Status.FAILED
            for reason in plugin.reasons
        ]
        return (*self._notes, *failed)

    def call(self, hook: str, **arguments: Any) -> tuple[Any, ...]:
        """Call every implementation of `hook` on its own; one that raises is noted, and the others go on."""
        return tuple(answer for _, answer in self._answers(hook, **arguments))

    def backend_options(self) -> Mapping[str, tuple[BackendOption, ...]]:
        """The options that backends declare, by backend, for the spec's schema."""
        options: dict[str, tuple[BackendOption, ...]] = {}
        for name, backend in self.backends.items():
            declare = getattr(backend.value, "options", None)
            if declare is None:
                options[name] = ()
                continue
            plugin = self._loaded[backend.plugin]
            ask = declare if callable(declare) else partial(_itself, declare)  # a method, or simply the options
            declared = _items(ask, plugin, f"backend `{name}`: options()")
            for option in declared:
                if not isinstance(option, BackendOption):
                    plugin.fail(f"backend `{name}`: options() gave a {type(option).__name__}, not a BackendOption")
            options[name] = tuple(option for option in declared if isinstance(option, BackendOption))
        return options

    def with_loader(self, loader: FunctionLoader) -> Plugins:
        """The same plugins, with `loader` in the place of the one for its kind: for functions that are at hand."""
        other = copy.copy(self)
        host = Registered(loader, PROJECT, PROJECT, gradverify.__version__)
        loaders = {**self.loaders, loader.kind: host}
        vars(other).update(backends=self.backends, loaders=MappingProxyType(loaders))
        return other

    def why_missing(self, backend: str) -> str:
        """Why there is no backend of that name: a clause with the broken plugin or the nearest name."""
        for plugin in self.statuses:
            if backend == plugin.name and plugin.status is not Status.OK:
                named = origin(plugin.name, plugin.distribution, plugin.version)
                return f"{named} is {plugin.status.value}: {plugin.reason}"
        close = difflib.get_close_matches(backend, self.backends, n=1)
        hint = f"did you mean `{close[0]}`? " if close else ""
        return f"no backend is named `{backend}`; {hint}installed: {', '.join(sorted(self.backends)) or 'none'}"

    def _gather_all(self) -> None:
        """Ask for everything, so that every fault is known."""
        for offers in (self.backends, self.loaders, self.reporters, self.executors, self.descent_methods):
            len(offers)

    def _gather(
        self, hook: str, what: str, label: str, fault_of: Callable[[object], str | None]
    ) -> Mapping[str, Registered[Any]]:
        """What the plugins offer through `hook`, by the attribute `label`; what is unsound is noted and left out."""
        found: dict[str, Registered[Any]] = {}
        for plugin, answer in self._answers(hook):
            for value in _items(partial(_itself, answer), plugin, hook):
                try:
                    fault = fault_of(value) or _taken(what, getattr(value, label), found)
                    name = None if fault else getattr(value, label)
                except Exception as error:  # noqa: BLE001 - a property that raises
                    fault, name = f"a {what} broke when asked for its `{label}`: {_line(error)}", None
                if fault is not None:
                    plugin.fail(fault)
                else:
                    found[str(name)] = plugin.register(value)
        return MappingProxyType(found)

    def _answers(self, hook: str, **arguments: Any) -> Iterator[tuple[Loaded, Any]]:
        """Each implementation's answer with its plugin, in the order in which the plugins were loaded."""
        found = getattr(self._manager.hook, hook).get_hookimpls()
        if not found:  # as of a hook that is called for each check of thousands of specs, and nobody listens to
            return
        implementations = {impl.plugin_name: impl for impl in found}
        for name, plugin in self._loaded.items():
            if name not in implementations:
                continue
            implementation = implementations[name]
            try:
                with _no_output():
                    answer = implementation.function(*[arguments[a] for a in implementation.argnames])
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - SystemExit too: a plugin may not end the run
                plugin.fail(f"{hook} raised {_line(error)}")
                continue
            yield plugin, answer


def _items(ask: Callable[[], Any], plugin: Loaded, what: str) -> list[Any]:
    """The items of what `ask` returns: those up to the first fault, which is noted."""
    items: list[Any] = []
    try:
        answer = ask()
        if answer is None or isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
            plugin.fail(f"{what} returned {_kind(answer)}, not a list")
            return items
        items.extend(answer)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a generator may do anything midway
        plugin.fail(f"{what} raised {_line(error)}")
    return items


def _itself(value: Any) -> Any:
    return value


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _taken(what: str, name: str, found: Mapping[str, Registered[Any]]) -> str | None:
    if name not in found:
        return None
    return f"{what} `{name}` is refused: {found[name].origin} already offers that name (block it to use this one)"


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextlib.contextmanager
def _no_output() -> Iterator[None]:
    """Send what a plugin prints to standard error: standard output may be a report."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
