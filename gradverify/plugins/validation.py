"""Whether what a plugin's hook returned is what was asked for; a fault is said as a clause about the object."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")  # must fit the spec, the command line and file names
_METHOD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(:[A-Za-z0-9_.-]+)?\Z")  # may say whose it is: `scipy:BFGS`


def backend_fault(value: object) -> str | None:
    """What keeps `value` from being a backend, or None."""
    return _object_fault(value, "backend", "name", {"why_not": 1, "estimate": 2})


def loader_fault(value: object) -> str | None:
    """What keeps `value` from being a function loader, or None."""
    return _object_fault(value, "function loader", "kind", {"load": 3})


def reporter_fault(value: object) -> str | None:
    """What keeps `value` from being a reporter, or None."""
    return _object_fault(value, "reporter", "name", {"render": 2})


def method_fault(value: object) -> str | None:
    """What keeps `value` from being a descent method, or None."""
    from gradverify.core.descent.run import RateUse

    fault = _object_fault(value, "descent method", "name", {"start": 1}, _METHOD_NAME)
    if fault is not None:
        return fault
    use = getattr(value, "learning_rate", None)
    if use not in tuple(RateUse):
        words = ", ".join(f"`{use.value}`" for use in RateUse)
        return f"descent method `{getattr(value, 'name', '')}`: `learning_rate` is one of {words}, not {use!r}"
    return None


def executor_fault(scheme: object, factory: object) -> str | None:
    """What keeps `scheme: factory` from being an executor, or None."""
    if not isinstance(scheme, str) or not _NAME.match(scheme):
        return f"an executor's scheme must be a simple name, not {scheme!r}"
    return None if callable(factory) else f"executor `{scheme}` is a {type(factory).__name__}, not a callable"


def _object_fault(
    value: object, what: str, label: str, methods: dict[str, int], pattern: re.Pattern[str] = _NAME
) -> str | None:
    """`methods` gives the number of positional arguments that each method is called with."""
    kind = type(value).__name__
    if isinstance(value, type):
        return f"{what} `{value.__name__}` is a class; return an instance of it"
    for attribute in (label, *methods):
        if not hasattr(value, attribute):
            return f"a {what} of type `{kind}` has no `{attribute}`"
    name = getattr(value, label)
    if not isinstance(name, str) or not pattern.match(name):
        return f"a {what}'s `{label}` must be letters, digits, `-`, `_` and `.`, starting with a letter, not {name!r}"
    for method, count in methods.items():
        fault = _call_fault(getattr(value, method), count)
        if fault is not None:
            return f"{what} `{name}`: `{method}` {fault}"
    return None


def _call_fault(method: object, count: int) -> str | None:
    if not callable(method):
        return f"is a {type(method).__name__}, not a method"
    return None if _accepts(method, count) else f"does not take {count} argument{'s' if count > 1 else ''}"


def _accepts(method: Callable[..., object], count: int) -> bool:
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):  # written in C without a signature: found out when it is called
        return True
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True
