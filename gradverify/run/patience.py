"""A limit on time for what a verdict can do without, enforced inside this process where the platform lets us."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SHORTEST_PATIENCE = 1e-3  # s: a timer of 0 would be none


class OutOfPatience(BaseException):
    """Time is up."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise `OutOfPatience` inside the block after `seconds`.

    By SIGALRM, which only the main thread can use, and only between two steps of Python. Where another alarm is set
    (a test's own time limit) it is left alone, and the block is not limited.
    """
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable or signal.getitimer(signal.ITIMER_REAL)[0] > 0:
        yield
        return
    armed = True  # an alarm that rings while the block is being left must not keep the old handler from coming back

    def ring(_signal: int, _frame: FrameType | None) -> None:
        if armed:
            raise OutOfPatience

    others = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, others if others is not None else signal.SIG_DFL)
