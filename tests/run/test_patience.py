"""The limit on time inside a process."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from gradverify.run.patience import OutOfPatience, patience


def loop() -> None:
    while True:
        try:
            time.sleep(0.01)
        except Exception:  # noqa: BLE001 - as user code does
            continue


def test_a_loop_is_ended_and_the_alarm_is_as_it_was() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(OutOfPatience), patience(0.05):
        loop()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_ends_in_time_is_left_alone() -> None:
    with patience(60):
        value = 1
    assert value == 1
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_somebody_else_has_set_keeps_its_time() -> None:
    signal.setitimer(signal.ITIMER_REAL, 50)
    try:
        with patience(0.01):
            time.sleep(0.03)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 40
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_another_thread_has_no_limit_and_no_error() -> None:
    seen: list[bool] = []

    def work() -> None:
        with patience(0.01):
            time.sleep(0.03)
        seen.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]
