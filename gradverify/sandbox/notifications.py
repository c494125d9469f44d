"""The trusted end of the kernel's reports on refused system calls (Linux: userspace-api/seccomp_filter.rst)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import struct

from gradverify.sandbox.inside.seccomp import NAMES, number_of

_NOTIFICATION = struct.Struct("=QIIiIQ6Q")  # id, pid, flags, nr, arch, instruction pointer, arguments
_RESPONSE = struct.Struct("=QqiI")  # id, value, error, flags
RECEIVE, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, …_SEND
FAMILIES = {family.value: family.name for family in socket.AddressFamily}


class Listener:
    """Answers every report with a refusal, and says what was tried."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._names = {number_of(name): name for name in NAMES}

    def refuse(self) -> str | None:
        """Take one report, refuse the call: `kind: call(arguments)`. None where there was none after all."""
        data = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self.fd, RECEIVE, data)
        except OSError:  # ENOENT: it was killed while it waited
            return None
        number, _, _, call, _, _, *arguments = _NOTIFICATION.unpack(data)
        with contextlib.suppress(OSError):  # … or meanwhile
            fcntl.ioctl(self.fd, SEND, bytearray(_RESPONSE.pack(number, 0, -errno.EPERM, 0)))
        return self._told(call, arguments)

    def _told(self, call: int, arguments: list[int]) -> str:
        name = self._names.get(call, f"system call {call}")
        shown = ""
        if name in ("socket", "socketpair"):
            shown = FAMILIES.get(arguments[0], str(arguments[0]))
        elif name in ("kill", "tkill", "ptrace"):
            shown = ", ".join(str(_signed(value)) for value in arguments[:2])
        return f"{NAMES.get(name, 'other')}: {name}({shown})"

    def close(self) -> None:
        os.close(self.fd)


def _signed(value: int) -> int:
    low = value & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low
