"""What the process's exit code says."""

import enum


class Exit(enum.IntEnum):
    """Exit codes of every command (`gradverify --help`)."""

    OK = 0  # all as expected
    FAILED = 1  # a gradient or an expectation failed, stayed inconclusive, or its function could not be evaluated
    USAGE = 2  # the command line, the settings or a spec file is wrong
    INTERNAL = 3  # gradverify itself, or a backend that was asked for by name, broke
    NOTHING = 5  # nothing was selected
    INTERRUPTED = 130  # 128 + SIGINT, as shells have it
