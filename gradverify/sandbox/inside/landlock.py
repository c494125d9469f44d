"""Landlock: which files a process may open, for good and for all that comes after (Linux: userspace-api/landlock.rst).

`stat` still answers for every file, so no file's *name* may be a secret.
"""

from __future__ import annotations

import ctypes
import os
import struct

from gradverify.sandbox.inside.kernel import buffer, syscall
from gradverify.sandbox.inside.seccomp import number_of, supported

VERSION_FLAG = 1
PATH_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH

WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, TRUNCATE = (
    1 << bit for bit in (1, 2, 3, 4, 5, 7, 8, 14)
)
READ = READ_FILE | READ_DIR
OWN = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE  # plain files and folders only
# Highest right on files that each version of the interface knows, from version 1 on.
FILE_BITS = (13, 14, 15, 15, 16)
NETWORK_BITS = 0b11  # bind and connect over TCP, since version 4
SCOPE_BITS = 0b11  # abstract sockets and signals, since version 6


def version() -> int:
    """The kernel's version of the interface; 0 where it has none, or it is switched off."""
    number = number_of("landlock_create_ruleset") if supported() else None
    if number is None:
        return 0
    try:
        return syscall(number, None, 0, VERSION_FLAG)
    except OSError:
        return 0


class Ruleset:
    """Rules in the making."""

    def __init__(self) -> None:
        known = version()
        self._files = (1 << FILE_BITS[min(known, len(FILE_BITS)) - 1]) - 1
        words = [self._files]
        if known >= 4:
            words.append(NETWORK_BITS)
        if known >= 6:
            words.append(SCOPE_BITS)
        attributes = struct.pack(f"={len(words)}Q", *words)
        self.fd = self._call("landlock_create_ruleset", buffer(attributes), len(attributes), 0)

    def allow(self, fd: int, rights: int) -> None:
        """Allow `rights` beneath the folder, or on the file, that the descriptor (O_PATH will do) stands for."""
        self._call("landlock_add_rule", self.fd, PATH_BENEATH, buffer(struct.pack("=Qi", rights & self._files, fd)), 0)

    def enforce(self) -> None:
        """Hold this thread to the rules; needs no_new_privs."""
        self._call("landlock_restrict_self", self.fd, 0)
        os.close(self.fd)

    @staticmethod
    def _call(name: str, *arguments: int | ctypes.Array[ctypes.c_char]) -> int:
        number = number_of(name)
        assert number is not None
        return syscall(number, *arguments)
