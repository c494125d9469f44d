"""The life of one confined process, from the fork on."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

from gradverify.sandbox.frames import encode
from gradverify.sandbox.inside.confine import CHANNEL_FD, Details, Means, arrange_descriptors, confine, find_means
from gradverify.sandbox.inside.readable import OWN_CODE
from gradverify.sandbox.inside.runner import Channel, serve

__all__ = ["find_means", "run"]


def run(means: Means, order: Mapping[str, Any], fds: list[int], parent: int) -> None:
    """Confine this process, then serve a submission, or try the walls where no submission is named."""
    os.setsid()
    arrange_descriptors(*fds)
    confine(means, order, hello, parent)
    channel = Channel(CHANNEL_FD)
    if order["file"] is None:
        channel.send({"kind": "walls", "open": open_walls(os.path.join(os.path.dirname(OWN_CODE), "__init__.py"))})
        return
    serve(channel, order["file"], order["answer_bytes"])


def hello(details: Details) -> bytes:
    """The first message: which layers were put up."""
    return encode({"kind": "hello", "details": details})


def open_walls(outside: str) -> list[str]:
    """What this process can still do, of what it must not: `outside` is a file that it must not read."""
    found = []
    attempts: dict[str, Callable[[], None]] = {
        "file": lambda: os.close(os.open(outside, os.O_RDONLY)),
        "network": send,
        "process": fork,
    }
    for name, attempt in attempts.items():
        with contextlib.suppress(OSError):
            attempt()
            found.append(name)
    return found


def send() -> None:
    """Make a socket that leads outside."""
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def fork() -> None:
    """Make a second process, which ends at once."""
    if os.fork() == 0:
        os._exit(0)
    os.wait()
