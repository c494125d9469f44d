"""A user's function with another NumPy: its code, the same, over globals in which NumPy is answered by a stand-in.

Nothing is imported or run again, and the user's modules stay as they are: the functions that the code refers to, from
whatever module of the user's, are given copies of their globals, reached on demand.
"""

from __future__ import annotations

import builtins
import contextlib
import enum
import functools
import operator
import site
import sys
import sysconfig
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from autograd.tracer import trace_primitives_map

from gradverify_autodiff import plain
from gradverify_autodiff.boxes import plain_value
from gradverify_autodiff.facade import facade, stand_ins

_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {*site.getsitepackages(), site.getusersitepackages()}
)
_NEVER = frozenset(("numpy", "scipy", "autograd", "gradverify_autodiff"))


MOST_KEPT = 10_000  # entries of a container: what is larger is data, and not what a function notes on its way


def _is_changed(container: dict[Any, Any], held: dict[Any, Any]) -> bool:
    return container.keys() != held.keys() or any(container[key] is not value for key, value in held.items())


class Graft:
    """Swaps what a function of package `home` refers to."""

    def __init__(self, home: str) -> None:
        self.home = home
        self._memo: dict[int, Any] = {}
        self._kept: list[Any] = []  # what the memo's keys stand for stays alive
        self._globals: dict[int, dict[str, Any]] = {}
        self._before: dict[int, tuple[Any, Any]] = {}  # what f may change: the container, and what it held

    def swap(self, value: Any) -> Any:
        """What stands in for `value`: for modules, functions, and small containers of them."""
        self._note(value)
        known = self._memo.get(id(value))
        if known is not None:
            return known
        if id(value) in stand_ins():
            return stand_ins()[id(value)]
        swapped = self._swapped(value)
        if swapped is not value:
            self._remember(value, swapped)
        return swapped

    def _note(self, value: Any) -> None:
        """Keep what a container of the user's holds, so that nothing traced stays behind in it."""
        if type(value) in (dict, list, set) and len(value) <= MOST_KEPT and id(value) not in self._before:
            self._before[id(value)] = value, value.copy()
            for inner in value.values() if type(value) is dict else value:
                self._note(inner)
        elif self._is_users_class(type(value)) and isinstance(vars_of := getattr(value, "__dict__", None), dict):
            self._note(vars_of)

    def put_back(self) -> None:
        """Let the containers that were met hold what they held."""
        for container, held in self._before.values():
            if isinstance(container, list):
                if len(container) != len(held) or any(map(operator.is_not, container, held)):
                    container[:] = held
            elif container != held if isinstance(container, set) else _is_changed(container, held):
                container.clear()
                container.update(held)

    def _remember(self, value: Any, swapped: Any) -> None:
        self._memo[id(value)] = swapped
        self._kept.append(value)

    def _swapped(self, value: Any) -> Any:
        match value:
            case types.ModuleType():
                return self._module(value)
            case types.FunctionType():
                return self._function(value) if self._is_users(value) else value
            case types.MethodType():
                function = self.swap(value.__func__)
                owner = self.swap(value.__self__)
                return types.MethodType(function, owner)
            case functools.partial():
                keywords = {name: self.swap(item) for name, item in value.keywords.items()}
                return functools.partial(self.swap(value.func), *map(self.swap, value.args), **keywords)
            case functools._lru_cache_wrapper():  # a cache would hand out values of other traces
                return self.swap(value.__wrapped__)
            case staticmethod() | classmethod():
                return type(value)(self.swap(value.__func__))
            case list() | tuple() if type(value) in (list, tuple) and any(map(_may_compute, value)):
                return type(value)(map(self.swap, value))
            case dict() if type(value) is dict and any(map(_may_compute, value.values())):
                return {key: self.swap(item) for key, item in value.items()}
            case type():
                return self._class(value)
            case _ if self._is_users_class(type(value)):
                return self._instance(value)
            case _:
                return _traced_ufunc(value)

    def called(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """What to call in place of `function`, the user's callable of any kind."""
        swapped: Callable[..., Any] = self.swap(function)
        return swapped

    def _class(self, kind: type) -> type:
        """A subclass whose methods are swapped; `kind` itself where it is no plain class of the user's."""
        if not self._is_users_class(kind) or issubclass(kind, (BaseException, enum.Enum)) or hasattr(kind, "__del__"):
            return kind
        self._remember(kind, kind)  # for methods that refer to their own class
        methods = {}
        for base in reversed([base for base in kind.__mro__ if self._is_users_class(base)]):
            methods.update({name: self._member(item) for name, item in vars(base).items() if _is_method(item)})
        try:
            made: type = types.new_class(kind.__name__, (kind,), exec_body=lambda body: body.update(methods))
        except Exception:  # noqa: BLE001 - a metaclass of the user's may forbid it in any way
            return kind
        return made

    def _member(self, item: Any) -> Any:
        if isinstance(item, property):
            return property(*(None if part is None else self.swap(part) for part in (item.fget, item.fset, item.fdel)))
        return self.swap(item)

    def _instance(self, value: Any) -> Any:
        """The same object, its state shared, with swapped methods."""
        kind = self.swap(type(value))
        if kind is type(value) or not hasattr(value, "__dict__"):
            return value
        other = object.__new__(kind)
        other.__dict__ = value.__dict__
        return other

    def _is_users(self, function: types.FunctionType) -> bool:
        module = function.__globals__.get("__name__", "")
        top = module.partition(".")[0]
        if top in _NEVER:
            return False
        return top == self.home or not function.__code__.co_filename.startswith(_LIBRARIES)

    def _is_users_class(self, kind: type) -> bool:
        top = str(kind.__module__).partition(".")[0]
        if top in _NEVER or top == "builtins":
            return False
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        return top in (self.home, "__main__") or (file is not None and not file.startswith(_LIBRARIES))

    def _module(self, module: types.ModuleType) -> types.ModuleType:
        stand_in = facade(module.__name__)
        if stand_in is not None:
            return stand_in
        top = module.__name__.partition(".")[0]
        file = getattr(module, "__file__", None)
        if top in _NEVER or file is None or (top != self.home and file.startswith(_LIBRARIES)):
            return module
        return _Swapped(module, self)

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        code = function.__code__
        scope = self._scope(function.__globals__)
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        grafted = types.FunctionType(code, scope, function.__name__, None, cells or None)
        self._remember(function, grafted)  # before what it refers to: functions refer to themselves and one another
        for name in _names(code):
            if name in function.__globals__:
                scope[name] = self.swap(function.__globals__[name])
        for name, cell, original in zip(code.co_freevars, cells, function.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # not yet assigned
                held = original.cell_contents
                cell.cell_contents = held if name == "__class__" else self.swap(held)
        if function.__defaults__:
            grafted.__defaults__ = tuple(map(self.swap, function.__defaults__))
        if function.__kwdefaults__:
            grafted.__kwdefaults__ = {name: self.swap(item) for name, item in function.__kwdefaults__.items()}
        grafted.__qualname__, grafted.__module__ = function.__qualname__, function.__module__
        grafted.__dict__.update({name: item for name, item in function.__dict__.items() if name != "__wrapped__"})
        return grafted

    def _scope(self, original: dict[str, Any]) -> dict[str, Any]:
        scope = self._globals.get(id(original))
        if scope is None:
            original_import = _import_of(original)

            def import_swapped(*args: Any, **kwargs: Any) -> Any:
                """`import` inside a function: modules are found as the original finds them."""
                return self.swap(original_import(*args, **kwargs))

            own = {**vars(builtins), "__import__": import_swapped, "isinstance": _isinstance, "float": plain.float}
            scope = self._globals[id(original)] = {**original, "__builtins__": own}
            self._kept.append(original)
        return scope


class _Swapped(types.ModuleType):
    """A module of the user's whose functions are swapped when they are asked for."""

    def __init__(self, module: types.ModuleType, graft: Graft) -> None:
        super().__init__(module.__name__)
        self.__dict__["_graft_"] = (module, graft)

    def __getattr__(self, name: str) -> Any:
        module, graft = self.__dict__["_graft_"]
        return graft.swap(getattr(module, name))


def _import_of(scope: Mapping[str, Any]) -> Callable[..., Any]:
    """The `__import__` that code over the globals `scope` uses."""
    own = scope.get("__builtins__", builtins)
    found: Callable[..., Any] = own["__import__"] if isinstance(own, dict) else own.__import__
    return found


def _isinstance(value: Any, kinds: Any) -> bool:
    """`isinstance`, for which a traced array is an array."""
    return isinstance(plain_value(value), kinds)


def _traced_ufunc(value: Any) -> Any:
    """SciPy's functions, where autograd knows them; anything else as it is."""
    if isinstance(value, np.ufunc) or str(getattr(value, "__module__", "")).startswith("scipy."):
        facade("scipy.special")  # which makes autograd's rules known
        try:
            return trace_primitives_map.get(value, value)
        except TypeError:  # unhashable
            return value
    return value


def _is_method(item: Any) -> bool:
    return isinstance(item, (types.FunctionType, staticmethod, classmethod, property))


def _may_compute(value: Any) -> bool:
    return isinstance(value, types.FunctionType | types.BuiltinFunctionType | functools.partial) or (
        type(value).__name__ in ("ufunc", "_ArrayFunctionDispatcher")
    )


def _names(code: types.CodeType) -> set[str]:
    """The names that `code` and the functions inside it look up."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def home_of(function: Callable[..., Any]) -> str:
    """The top-level package that `function` was defined in."""
    module = getattr(function, "__module__", None) or type(function).__module__
    return str(module).partition(".")[0]
