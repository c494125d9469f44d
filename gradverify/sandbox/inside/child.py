"""The life of one confined process, from the fork on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from gradverify.sandbox.frames import encode
from gradverify.sandbox.inside import privileges
from gradverify.sandbox.inside.confine import CHANNEL_FD, Details, Means, arrange_descriptors, confine, find_means
from gradverify.sandbox.inside.runner import Channel, serve

__all__ = ["find_means", "run"]


def run(means: Means, order: Mapping[str, Any], fds: list[int], parent: int) -> None:
    """Confine this process, then serve a submission, or try the walls where no submission is named."""
    os.setsid()
    privileges.die_with(parent)
    arrange_descriptors(*fds)
    confine(means, order, hello)
    channel = Channel(CHANNEL_FD)
    if order["file"] is None:
        channel.send({"kind": "walls", "open": open_walls(__file__)})
        return
    serve(channel, order["file"], order["answer_bytes"])


def hello(details: Details) -> bytes:
    """The first message: which layers were put up."""
    return encode({"kind": "hello", "details": details})


def open_walls(outside: str) -> list[str]:
    """What this process can still do, of what it must not: `outside` is a file that it must not read."""
    found = []
    try:
        os.close(os.open(outside, os.O_RDONLY))
        found.append("file")
    except OSError:
        pass
    try:
        import socket

        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
        found.append("network")
    except OSError:
        pass
    try:
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        found.append("process")
    except OSError:
        pass
    return found
