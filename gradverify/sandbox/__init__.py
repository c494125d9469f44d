"""Running a submission's code so that nothing but numbers comes back.

The trusted side (this package) starts a *zygote*, a process that knows no secret and has NumPy loaded; it forks a
confined process for each submission, which answers one request at a time. docs/SANDBOX.md describes the layers.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradverify.sandbox.levels import LEVELS as LEVELS
    from gradverify.sandbox.levels import Level as Level
    from gradverify.sandbox.levels import probe_level as probe_level
    from gradverify.sandbox.model import Answer as Answer
    from gradverify.sandbox.model import Argument as Argument
    from gradverify.sandbox.model import Limits as Limits
    from gradverify.sandbox.model import RemoteFunction as RemoteFunction
    from gradverify.sandbox.model import Status as Status
    from gradverify.sandbox.session import Session as Session
    from gradverify.sandbox.zygote import Zygote as Zygote

_HOME = {
    "LEVELS": "levels",
    "Level": "levels",
    "probe_level": "levels",
    "Answer": "model",
    "Argument": "model",
    "Limits": "model",
    "RemoteFunction": "model",
    "Status": "model",
    "Session": "session",
    "Zygote": "zygote",
}
__all__ = [
    "LEVELS",
    "Answer",
    "Argument",
    "Level",
    "Limits",
    "RemoteFunction",
    "Session",
    "Status",
    "Zygote",
    "probe_level",
]


def __getattr__(name: str) -> Any:
    # Loaded on first use: the confined side lives in a subpackage, and must be able to start without the trusted side.
    if name in _HOME:
        return getattr(importlib.import_module(f"gradverify.sandbox.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
