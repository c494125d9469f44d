"""The filter, run on paper for both architectures: what it says of a system call with given arguments."""

import errno
import functools
import os
import platform
import struct

import pytest

from gradverify.sandbox.inside import seccomp
from gradverify.sandbox.inside.seccomp import ALLOW, ERRNO, KILL, NOTIFY, Code
from gradverify.sandbox.inside.syscalls import NUMBERS

PID = 4321
ENOSYS, EPERM, EACCES = (ERRNO | code for code in (errno.ENOSYS, errno.EPERM, errno.EACCES))


def verdict(code: Code, number: int, arguments: tuple[int, ...], architecture: int) -> int:
    """What the kernel would do: a machine with one register, jumps forward, and `struct seccomp_data` to load from."""
    filled = (*arguments, *(0 for _ in range(6 - len(arguments))))
    data = struct.pack("<iIQ6Q", number, architecture, 0, *(value & (1 << 64) - 1 for value in filled))
    register = at = 0
    while True:
        operation, yes, no, operand = code[at]
        at += 1
        if operation == seccomp.LOAD:
            (register,) = struct.unpack_from("<I", data, operand)
        elif operation == seccomp.AND:
            register &= operand
        elif operation == seccomp.RETURN:
            return operand
        else:
            true = {
                seccomp.EQUAL: register == operand,
                seccomp.AT_LEAST: register >= operand,
                seccomp.ANY_BIT: bool(register & operand),
            }[operation]
            at += yes if true else no


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(request.param)
    monkeypatch.setattr(platform, "machine", lambda: name)
    return name


def judged(machine: str, name: str, *arguments: int, files_judged: bool = True, notify: bool = True) -> int | None:
    index, architecture = seccomp.ARCHITECTURES[machine]
    number = NUMBERS[name][index]
    if number is None:
        return None
    return verdict(the_filter(machine, files_judged, notify), number, arguments, architecture)


@functools.cache
def the_filter(machine: str, files_judged: bool, notify: bool) -> Code:
    assert platform.machine() == machine
    return seccomp.main_filter(PID, notify=notify, files_judged=files_judged)


def test_what_python_needs_is_allowed(machine: str) -> None:
    assert {judged(machine, name) for name in seccomp.ALLOWED} <= {ALLOW, None}


def test_every_way_out_is_refused_and_told(machine: str) -> None:
    for names in seccomp.ACCUSED.values():
        assert {judged(machine, name) for name in names} <= {NOTIFY, None}
        assert {judged(machine, name, notify=False) for name in names} <= {EPERM, None}


def test_what_is_on_no_list_does_not_exist(machine: str) -> None:
    code = seccomp.main_filter(PID, notify=True, files_judged=True)
    listed = {numbers[seccomp.ARCHITECTURES[machine][0]] for numbers in NUMBERS.values()}
    for number in range(1024):
        if number not in listed:
            assert verdict(code, number, (), seccomp.ARCHITECTURES[machine][1]) == ENOSYS


@pytest.mark.parametrize("name", ["clone3", "openat2", "landlock_create_ruleset", "get_robust_list"])
def test_these_do_not_exist_either(machine: str, name: str) -> None:
    assert judged(machine, name) == ENOSYS


def test_another_architecture_ends_the_process(machine: str) -> None:
    code = seccomp.main_filter(PID, notify=True, files_judged=True)
    assert verdict(code, 1, (), 0x40000003) == KILL  # 32-bit x86


def test_the_second_set_of_numbers_does_not_exist(machine: str) -> None:
    code = seccomp.main_filter(PID, notify=True, files_judged=True)
    assert verdict(code, seccomp.X32 + 1, (), seccomp.ARCHITECTURES[machine][1]) == ENOSYS


@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("clone", (seccomp.CLONE_THREAD | 0x100,), ALLOW),
        ("clone", (17,), NOTIFY),
        ("socketpair", (1,), ALLOW),
        ("socketpair", (2,), NOTIFY),
        ("sendto", (3, 0, 0, 0, 0), ALLOW),
        ("sendto", (3, 0, 0, 0, 1 << 40), NOTIFY),
        ("sendto", (3, 0, 0, 0, 4096), NOTIFY),
        ("kill", (PID, 9), ALLOW),
        ("kill", (-1, 9), NOTIFY),
        ("kill", (1, 9), NOTIFY),
        ("tgkill", (PID, 1, 6), ALLOW),
        ("tgkill", (1, 1, 6), NOTIFY),
        ("fcntl", (3, 3), ALLOW),
        ("fcntl", (3, 8), NOTIFY),
        ("fcntl", (3, 10), NOTIFY),
        ("prctl", (15,), ALLOW),
        ("prctl", (1,), EPERM),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), ERRNO | errno.ENOTTY),
        ("prlimit64", (0,), ALLOW),
        ("prlimit64", (1,), EPERM),
        ("sched_setaffinity", (0,), ALLOW),
        ("sched_setaffinity", (1,), EPERM),
        ("openat", (0, 0, os.O_RDONLY), ALLOW),
        ("openat", (0, 0, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), ALLOW),
        ("openat", (0, 0, os.O_RDONLY | os.O_TRUNC), EACCES),
        ("chmod", (0,), ERRNO),
        ("fchmodat", (0,), ERRNO),
    ],
)
def test_arguments_decide(machine: str, name: str, arguments: tuple[int, ...], wanted: int) -> None:
    assert judged(machine, name, *arguments) in (wanted, None)


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_WRONLY | os.O_APPEND])
def test_without_landlock_nothing_is_opened_for_writing(machine: str, flags: int) -> None:
    assert judged(machine, "openat", 0, 0, flags, files_judged=False) == EACCES
    assert judged(machine, "openat", 0, 0, os.O_RDONLY, files_judged=False) == ALLOW


def test_without_landlock_nothing_is_moved_made_or_removed(machine: str) -> None:
    assert {judged(machine, name, files_judged=False) for name in seccomp.WRITING} <= {EACCES, None}


def test_the_last_filter_takes_back_what_was_needed_to_begin(machine: str) -> None:
    code = seccomp.last_filter()
    index, architecture = seccomp.ARCHITECTURES[machine]
    for name in ("sendmsg", "seccomp"):
        number = NUMBERS[name][index]
        assert number is not None
        assert verdict(code, number, (), architecture) == EPERM
    assert verdict(code, 0, (), architecture) == ALLOW
