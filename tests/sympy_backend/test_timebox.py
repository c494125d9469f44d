"""The limit on time."""

import signal
import time

import pytest
from gradverify_sympy.timebox import Deadline, OutOfTime, interrupting


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the platform has no timers")
def test_an_alarm_that_is_swallowed_rings_again() -> None:
    swallowed = 0
    with pytest.raises(OutOfTime), interrupting(Deadline(0.02)):
        while swallowed < 1:  # as Python itself does where the alarm rings within a destructor
            try:
                while True:
                    time.sleep(0.001)
            except OutOfTime:
                swallowed += 1
        while True:
            time.sleep(0.001)
    assert swallowed == 1
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
