"""Functions that do what a function should not; copied beside the specs that name them."""

# It stands for code that its author never annotated.
# mypy: ignore-errors

import contextlib
import ctypes
import os
import subprocess
import sys
import time

import numpy as np


def cube(x):
    return x**3


def cube_gradient(x):
    return 3 * x**2


def hangs(x):
    while True:
        time.sleep(1)


def hangs_without_yielding(x):
    return sum(i for i in range(10**15))


def leaves(x):
    os._exit(3)


def segfaults(x):
    print("about to fall", flush=True)
    ctypes.string_at(0)


def aborts(x):
    os.abort()


def eats_memory(x):
    return float(np.ones(10**11).sum())


def prints(x):
    print("garbage", "ü", "\x00\x01{}")
    os.write(1, b"\xff\xfe raw bytes\n")
    os.write(2, b"to stderr\n")
    return x**3


def prints_without_end(x):
    while True:
        os.write(1, b"x" * 65536)


def prints_a_lot(x):
    os.write(1, b"y" * 100_000)
    return x**3


def exits(x):
    sys.exit(4)


def interrupts(x):
    raise KeyboardInterrupt


def recurses(x):
    return recurses(x) + 1


def closes_stdout(x):
    sys.stdout.close()
    sys.stderr.close()
    return x**3


def closes_descriptors(x):
    os.closerange(0, 100_000)
    return x**3


def writes_to_every_descriptor(x):
    for fd in range(3, 300):
        with contextlib.suppress(OSError):
            os.write(fd, b"\x00\x00\x00\x05hello")
    return x**3


def changes_directory(x):
    os.chdir("/")
    return x**3


def replaces_stdout(x):
    class Liar:
        def write(self, text):
            raise ValueError("no")

        def flush(self):
            raise SystemExit(9)

        closed = False

    sys.stdout = sys.stderr = Liar()
    return x**3


FORKED = []


def forks(x):
    if not FORKED:
        FORKED.append(os.fork())
    return x**3


def starts_a_program(x):
    subprocess.Popen(["sleep", "1234.5"])
    while True:
        time.sleep(1)


def raises_base_exception(x):
    raise BaseException("odd")  # noqa: TRY002 - that is the point


def reads_input(x):
    return x**3 + len(sys.stdin.read())
