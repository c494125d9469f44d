"""Limits on time: checked between steps, and enforced within SymPy's long calls where the platform lets us."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

DEFAULT_SECONDS = 5.0  # for everything that is done with one spec
RINGS_AGAIN = 0.05  # s; an exception that is raised within a destructor or a weakref callback is lost, so ring again


class OutOfTime(BaseException):
    """Time is up. No `Exception`, so that SymPy's own `except Exception` cannot swallow it."""


class Deadline:
    """A moment on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; negative when time is up."""
        return self._end - time.monotonic()

    def check(self) -> None:
        """Raise `OutOfTime` when time is up."""
        if not self.left > 0:
            raise OutOfTime


@contextmanager
def interrupting(deadline: Deadline) -> Iterator[None]:
    """Raise `OutOfTime` inside the block at the deadline.

    By SIGALRM, which only the main thread can use; elsewhere the block is interrupted by its own checks alone. An
    alarm that somebody else has set is put back, less the time spent here.
    """
    deadline.check()
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    armed = True  # an alarm that rings while the block is being left must not keep the old handler from coming back

    def ring(_signal: int, _frame: FrameType | None) -> None:
        if armed:
            raise OutOfTime

    started = time.monotonic()
    others_left, others_interval = signal.getitimer(signal.ITIMER_REAL)
    if 0 < others_left <= deadline.left:  # their alarm comes first: it must ring as they meant it
        yield
        return
    others = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, deadline.left if deadline.left > 0 else 1e-6, RINGS_AGAIN)
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, others if others is not None else signal.SIG_DFL)
        if others_left > 0:
            remaining = max(others_left - (time.monotonic() - started), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, remaining, others_interval)
