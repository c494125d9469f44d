"""What one spec's code changes in its process is put back before the next spec: nobody's verdict is its neighbour's.

That are the environment, the filters of warnings, the names of modules that everybody uses, resource limits, timers,
handlers of signals, the mask of new files and the cores to run on: a function that replaces `numpy.sum`, or turns
warnings into errors, does so for itself. What lies deeper (the contents of other modules, threads) stays as it is; `-j`
and the order of specs may show it. A hard limit that was lowered can never be raised again: the process has to end.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SHARED = ("builtins", "math", "cmath", "random", "os", "time", "numpy", "numpy.linalg", "numpy.fft", "numpy.random")


LIMITS = tuple(sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}))
HANDLED = (signal.SIGALRM, signal.SIGFPE, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)


@dataclass(slots=True)
class Remains:
    """What could not be put back, once the spec is over."""

    lasting: bool = False


@contextmanager
def put_back() -> Iterator[Remains]:
    """Run one spec's code, and put back what it changed."""
    environment = dict(os.environ)
    names = {name: dict(vars(sys.modules[name])) for name in SHARED if name in sys.modules}
    process = _Process.now()
    remains = Remains()
    try:
        with warnings.catch_warnings():
            yield remains
    finally:
        remains.lasting = not process.restored()
        for module, saved in names.items():
            current = vars(sys.modules[module]) if module in sys.modules else {}
            for name, value in saved.items():
                if name not in current or current[name] is not value:
                    current[name] = value
        if dict(os.environ) != environment:
            for name in os.environ.keys() - environment.keys():
                del os.environ[name]
            os.environ.update(environment)


@dataclass(frozen=True, slots=True)
class _Process:
    """What the operating system holds for this process."""

    limits: dict[int, tuple[int, int]]
    handlers: dict[signal.Signals, Any]  # a function, a number, or None for one that Python did not set
    mask: int
    cores: frozenset[int]

    @classmethod
    def now(cls) -> _Process:
        mask = os.umask(0)
        os.umask(mask)
        return cls(
            {limit: resource.getrlimit(limit) for limit in LIMITS},
            {number: signal.getsignal(number) for number in HANDLED}, mask, _cores(),
        )  # fmt: skip

    def restored(self) -> bool:
        """Put all of it back; False where something stays changed."""
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in self.handlers.items():
            if signal.getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)
        os.umask(self.mask)
        if _cores() != self.cores:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, self.cores)
        for limit, before in self.limits.items():
            if resource.getrlimit(limit) != before:
                with contextlib.suppress(OSError, ValueError):  # a hard limit only a privileged process raises
                    resource.setrlimit(limit, before)
        return all(resource.getrlimit(limit) == before for limit, before in self.limits.items())


def _cores() -> frozenset[int]:
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
