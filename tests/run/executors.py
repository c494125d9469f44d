"""Executors for tests, by `--executor tests.run.executors:NAME`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any


def two_processes() -> Executor:
    return ProcessPoolExecutor(2)


def not_one() -> object:
    return object()


def failing() -> Executor:
    raise ConnectionError("nobody answers")


class Breaking(Executor):
    """Its worker dies of every batch that has the spec `deadly`, and breaks the executor."""

    def __init__(self) -> None:
        self._broken = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._broken:
            raise BrokenProcessPool("it is broken")
        future: Future[Any] = Future()
        if any("deadly" in (task["text"] or "") for task in args[0]["tasks"]):
            self._broken = True
            future.set_exception(BrokenProcessPool("a process died"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


class Useless(Executor):
    """Never gives a result."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        raise BrokenProcessPool("it never works")


def kill_parent(x: float) -> float:
    os.kill(os.getppid(), signal.SIGKILL)
    return x**2
