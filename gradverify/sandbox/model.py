"""What goes into the sandbox and what comes out of it, as values."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one submission may use."""

    seconds: float = 10.0  # of wall clock, for each call
    memory_mb: int = 512  # of address space, on top of what Python and NumPy take
    output_bytes: int = 65536  # of what it prints, kept for each call
    file_bytes: int = 1 << 20  # for each file it writes
    answer_bytes: int = 64 << 20  # for the numbers that one call returns
    start_seconds: float = 10.0  # of wall clock, for importing the submission


class Status(enum.Enum):
    """How a call ended."""

    OK = "ok"  # it returned; whether it is right is judged elsewhere
    MISSING = "missing"  # no such file, or no such name in it
    IMPORT_ERROR = "import-error"  # the file does not parse, or raised while it was imported
    BAD_SIGNATURE = "bad-signature"  # not callable, or not with these arguments
    RAISED = "raised"  # the entry raised an exception
    TIMEOUT = "timeout"  # it was still running when its time was over, and was killed
    MEMORY = "memory"  # it wanted more memory than allowed
    CRASHED = "crashed"  # its process ended before it answered
    POLICY = "policy-violation"  # it tried what submissions may not do: see `Answer.tried`
    BROKEN = "grader-error"  # the sandbox's fault, never the student's


ODD = " with "  # in `Answer.calls`: as `f with complex128`, how often a function was called with what is no real number


@dataclass(frozen=True, slots=True)
class RemoteFunction:
    """A function handed to the student as a Python callable; every call of it is answered outside the sandbox.

    `function` gets one float64 array for each argument and returns a number or an array. It is called in the trusted
    process with whatever numbers the student chose, and never enters the sandbox. It may raise: the student then sees
    a ValueError with the exception's text, so its messages must not tell secrets.
    """

    name: str
    function: Callable[..., float | Array]


Argument = Array | float | int | RemoteFunction


@dataclass(frozen=True)
class Answer:
    """What one call came to. Everything in it but `status`, `seconds` and `calls` was under the student's control."""

    status: Status
    values: tuple[Array, ...] = ()  # what the entry returned: one float64 array, or one for each element or key
    kind: str = "none"  # array | tuple | dict | none | other
    keys: tuple[str, ...] = ()  # of a dict, in its order
    detail: str = ""  # one line, for staff
    stdout: str = ""  # the beginning of what it printed, standard error included
    seconds: float = 0.0
    mutated: tuple[int, ...] = ()  # indices of the array arguments that it changed
    calls: Mapping[str, int] = field(default_factory=dict)  # how often it called each `RemoteFunction`
    tried: tuple[str, ...] = ()  # what policy stopped, as "network: socket(AF_INET)"
    dtypes: tuple[str, ...] = ()  # NumPy's names of the types that `values` had, as "float32"

    @property
    def tried_kinds(self) -> frozenset[str]:
        """The first words of `tried`: file, network, process, native, forgery, other."""
        return frozenset(text.partition(":")[0] for text in self.tried)
