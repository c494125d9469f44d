"""The limit on time."""

import signal
import time

import pytest
from gradverify_sympy.timebox import Deadline, OutOfTime, interrupting


def _swallow_one_alarm_and_go_on() -> None:
    """As Python itself does with an exception that is raised within a destructor."""
    with interrupting(Deadline(0.02)):
        try:
            while True:
                time.sleep(0.001)
        except OutOfTime:
            pass
        while True:
            time.sleep(0.001)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the platform has no timers")
def test_an_alarm_that_is_swallowed_rings_again() -> None:
    with pytest.raises(OutOfTime):
        _swallow_one_alarm_and_go_on()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
