"""Serving one submission: import it, then answer one request after the other."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import inspect
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradverify.sandbox.frames import Frame, FrameReader, arrays_of, encode
from gradverify.sandbox.inside.numbers import REAL_KINDS, Returned, in_words, normalise

Array = NDArray[np.float64]

CHUNK = 1 << 16
UNBOUNDED = 1 << 62  # the trusted side's messages are trusted
DETAIL_LENGTH = 500  # characters of an exception's text that are sent
NAMES_SHOWN = 12


class Channel:
    """Frames over a descriptor. What it needs is bound now: the submission may replace `os.read` and the like."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._reader = FrameReader(UNBOUNDED)
        self._read, self._write, self._exit = os.read, os.write, os._exit
        self.lock = threading.Lock()  # a submission's threads may all call `f`

    def send(self, header: dict[str, Any], arrays: tuple[Array, ...] = ()) -> None:
        data = memoryview(encode(header, arrays))
        while data:
            data = data[self._write(self._fd, data) :]

    def receive(self) -> Frame:
        while (frame := self._reader.take()) is None:
            data = self._read(self._fd, CHUNK)
            if not data:
                self._exit(0)
            self._reader.feed(data)
        return frame


def serve(channel: Channel, file: str, answer_bytes: int) -> None:
    """Import the submission, say how that went, answer requests until the channel closes."""
    status, detail, module = load(file)
    flush()
    channel.send({"kind": "imported", "status": status, "detail": detail})
    while True:
        request = channel.receive()
        header, values = call(request, module, channel, answer_bytes)
        flush()
        channel.send(header, values)


def load(file: str) -> tuple[str, str, Any]:
    """Status, detail and module of the submission in the current folder."""
    if not os.path.isfile(file):
        return "missing", f"there is no file {file}", None
    name = os.path.splitext(os.path.basename(file))[0]
    while name in sys.modules:  # as `random.py`: it must not take the place of Python's own, which others need
        name = f"_{name}"
    here = os.getcwd()
    sys.path[:0] = list(dict.fromkeys((os.path.dirname(os.path.join(here, file)), here)))
    try:
        spec = importlib.util.spec_from_file_location(name, os.path.abspath(file))
        if spec is None or spec.loader is None:
            return "import-error", f"{file} is no Python file", None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt too are its own doing
        return ("memory" if want_of_memory(error) else "import-error"), told(error), None
    return "ok", "", module


def call(request: Frame, module: Any, channel: Channel, answer_bytes: int) -> tuple[dict[str, Any], tuple[Array, ...]]:
    """Answer one request."""
    header = request.header
    answer: dict[str, Any] = {"kind": "answer", "id": header["id"], "status": "ok", "detail": ""}

    def ended(status: str, detail: str) -> tuple[dict[str, Any], tuple[Array, ...]]:
        return answer | {"status": status, "detail": detail}, ()

    try:
        arguments = build_arguments(header["arguments"], list(arrays_of(request)), channel)
        before = {i: value.tobytes() for i, value in enumerate(arguments) if isinstance(value, np.ndarray)}
        shapes = {i: arguments[i].shape for i in before}
        entry: Any = getattr(module, header["entry"], MISSING)
        if entry is MISSING:
            return ended("missing", f"it defines {names_of(module)}")
        if problem := signature_problem(entry, arguments):
            return ended("bad-signature", problem)
        result: Returned = normalise(entry(*arguments), answer_bytes)
        changed = [i for i in before if arguments[i].shape != shapes[i] or arguments[i].tobytes() != before[i]]
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt too are the submission's doing
        return ended("memory" if want_of_memory(error) else "raised", told(error))
    answer |= {
        "returned": result.kind,
        "keys": list(result.keys),
        "dtypes": list(result.dtypes),
        "mutated": changed,
        "detail": result.detail[:DETAIL_LENGTH],
    }
    return answer, result.values


def want_of_memory(error: BaseException) -> bool:
    """Whether the memory limit raised it. A thread that cannot start lacks address space for its stack."""
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError) and str(error).startswith("can't start new thread"))
    )


MISSING = object()


def build_arguments(described: list[Mapping[str, Any]], arrays: list[Array], channel: Channel) -> list[Any]:
    """The arguments that a request describes; arrays and floats come in the payload, in order."""
    arguments: list[Any] = []
    for item in described:
        if item["type"] == "array":
            arguments.append(arrays.pop(0))
        elif item["type"] == "float":
            arguments.append(float(arrays.pop(0)))
        elif item["type"] == "int":
            arguments.append(item["value"])
        else:
            arguments.append(stub(item["name"], channel))
    return arguments


def stub(name: str, channel: Channel) -> Callable[..., Any]:
    """A function whose calls are answered outside."""

    def function(*arguments: Any) -> Any:
        header = {"kind": "call", "function": name}
        try:
            arrays = tuple(real_numbers(value) for value in arguments)
        except OddArgumentError as error:
            arrays, header["odd"] = (), str(error)
        with channel.lock:
            channel.send(header, arrays)
            reply = channel.receive()
        if reply.header["status"] != "ok":
            raise ValueError(reply.header["detail"])
        (value,) = arrays_of(reply)
        return float(value) if value.ndim == 0 else value

    function.__name__ = function.__qualname__ = name
    return function


class OddArgumentError(Exception):
    """A function was called with what is no real number; says what."""


def real_numbers(value: Any) -> Array:
    """An argument of `f` as float64; complex numbers are none unless they have no imaginary part."""
    found = np.asarray(value)
    if found.dtype.kind == "c" and (found.imag == 0).all():
        found = found.real
    if found.dtype.kind not in REAL_KINDS + "O":
        raise OddArgumentError(in_words(found.dtype))
    try:
        return np.array(found, dtype=np.float64)
    except (TypeError, ValueError):
        raise OddArgumentError(f"objects of type {type(value).__name__}") from None


def signature_problem(entry: Any, arguments: list[Any]) -> str:
    """Why the entry cannot be called like this, or nothing."""
    if not callable(entry):
        return f"it is not a function but an object of type {type(entry).__name__}"
    try:
        signature = inspect.signature(entry)
    except (TypeError, ValueError):
        return ""  # as for NumPy's own functions: calling will show
    try:
        signature.bind(*arguments)
    except TypeError as error:
        return f"it is called with {len(arguments)} arguments, its signature is {signature}: {error}"
    return ""


def names_of(module: Any) -> str:
    """The functions that a module defines, for a message."""
    names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    return ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "") or "no functions"


def told(error: BaseException) -> str:
    """An exception in one line, with the line of the submission it came from."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - its __str__ is the student's too
        text = "(its text cannot be shown)"
    line = None
    traceback = error.__traceback__
    own = os.getcwd() + os.sep
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith(own):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename and str(error.filename).startswith(own):
        line, text = error.lineno, str(error.msg)
    where = f" (line {line})" if line is not None else ""
    return f"{type(error).__name__}: {text[:DETAIL_LENGTH]}{where}"


def flush() -> None:
    """Send off what was printed, before the answer."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):  # a replaced stream may raise anything
            stream.flush()
