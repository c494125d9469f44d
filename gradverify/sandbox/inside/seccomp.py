"""The filter on system calls: a short list is allowed, known ways out are refused and reported, the rest is unknown.

A refused call is told to the trusted side by the kernel itself (a *user notification*), so a submission that catches
the exception, or calls the kernel from native code, is seen all the same. Kernels before 5.0 only refuse.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Callable, Iterable

from gradverify.sandbox.inside.kernel import buffer, syscall
from gradverify.sandbox.inside.syscalls import NUMBERS

# linux/audit.h; the index is that of NUMBERS. The filter reads the low half of arguments first: little-endian only.
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
X32 = 0x40000000  # x86-64's second set of numbers, for 32-bit pointers

SET_MODE_FILTER, GET_ACTION_AVAILABLE = 1, 2  # linux/seccomp.h
NEW_LISTENER = 1 << 3
ALLOW, KILL, NOTIFY, ERRNO = 0x7FFF0000, 0x80000000, 0x7FC00000, 0x00050000


def words(text: str) -> tuple[str, ...]:
    """The words of a list that is easier to read without quotes."""
    return tuple(text.split())


# What Python, NumPy and threads need. Files are Landlock's to judge.
ALLOWED = words(
    """
    read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close close_range lseek fstat newfstatat
    stat lstat statx access faccessat faccessat2 readlink readlinkat getcwd chdir fchdir getdents getdents64 dup
    dup2 dup3 pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
    epoll_pwait2 eventfd eventfd2 fsync fdatasync sync_file_range ftruncate fallocate fadvise64 readahead flock umask
    statfs fstatfs sendfile copy_file_range splice tee
    mmap munmap mremap mprotect madvise mincore msync mlock munlock mlock2 brk membarrier mbind get_mempolicy
    set_mempolicy pkey_alloc pkey_free pkey_mprotect mseal map_shadow_stack cachestat
    futex futex_waitv futex_wake futex_wait futex_requeue set_robust_list rseq set_tid_address
    arch_prctl exit exit_group restart_syscall
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigpending rt_sigtimedwait sigaltstack pause alarm
    setitimer getitimer signalfd signalfd4 timer_create timer_settime timer_gettime timer_getoverrun timer_delete
    timerfd_create timerfd_settime timerfd_gettime nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday
    time times getcpu
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgid getpgrp getsid capget
    getrlimit setrlimit getrusage getpriority sched_yield sched_getaffinity sched_getparam
    sched_getscheduler sched_getattr sched_get_priority_max sched_get_priority_min sched_rr_get_interval uname sysinfo
    getrandom wait4 waitid recvfrom shutdown getsockname getpeername getsockopt setsockopt
"""
)

# Allowed where Landlock says which files they may touch, refused where it cannot: then nothing can be written at all.
WRITING = words("unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir")

# What is refused, and what an attempt is called. Nothing in an honest answer to an assignment needs these.
ACCUSED = {
    "network": words("socket connect bind listen accept accept4 sendmmsg recvmsg recvmmsg"),
    "process": words(
        """
        fork vfork execve execveat ptrace setsid setpgid unshare setns process_vm_readv process_vm_writev pidfd_open
        pidfd_getfd pidfd_send_signal
    """
    ),
    "privilege": words(
        """
        setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset mount umount2 pivot_root
        chroot bpf keyctl add_key request_key perf_event_open userfaultfd io_uring_setup io_uring_enter
        io_uring_register memfd_create memfd_secret kexec_load init_module finit_module delete_module reboot swapon
        swapoff sethostname setdomainname settimeofday clock_settime acct quotactl syslog iopl ioperm modify_ldt fsopen
        fsconfig fsmount open_tree move_mount mount_setattr
    """
    ),
    "file": words("link linkat symlink symlinkat mknod mknodat open_by_handle_at name_to_handle_at"),
    "ipc": words(
        """
        shmget shmat shmctl msgget msgsnd msgctl semget semop semctl mq_open mq_unlink
    """
    ),
}
# Refused without a report: they change files that Landlock does not protect from them, but nobody means harm by them.
QUIETLY_REFUSED = words("chown fchown lchown fchownat truncate creat")
# `shutil.copy2` goes on without them, if they are not supported.
UNSUPPORTED = words(
    """
    setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr
    fremovexattr
    """
)
# Not done, and said to be done: `shutil.copy` copies mode and times too, and must work in the own folder.
PRETENDED = words("chmod fchmod fchmodat fchmodat2 utime utimes futimesat utimensat")
NAMES = {
    **{name: kind for kind, names in ACCUSED.items() for name in names},
    **dict.fromkeys(words("clone fcntl kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"), "process"),
    **dict.fromkeys(words("socketpair sendto"), "network"),
}

CLONE_THREAD = 0x00010000  # linux/sched.h
AF_UNIX = 1
PRCTL_ALLOWED = (3, 15, 16, 21, 23, 27, 30, 39, 0x53564D41)  # reading settings; PR_SET_NAME; PR_SET_VMA (glibc's names)
IOCTL_ALLOWED = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
# F_SETOWN, F_SETSIG, F_SETOWN_EX have the kernel send any signal to any process of the same user; F_SETLEASE and
# F_NOTIFY do it when a file is used.
FCNTL_REFUSED = (8, 10, 15, 1024, 1026)
O_TRUNC_ALONE = os.O_TRUNC  # O_RDONLY | O_TRUNC empties a file, which Landlock's first two versions do not see

# linux/bpf_common.h
LOAD, EQUAL, AT_LEAST, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16  # struct seccomp_data

Code = list[tuple[int, int, int, int]]


def number_of(name: str) -> int | None:
    """The call's number on this machine."""
    return NUMBERS[name][ARCHITECTURES[platform.machine()][0]]


def supported() -> bool:
    """Whether this kernel and architecture take a filter."""
    if platform.machine() not in ARCHITECTURES:
        return False
    try:
        return _available(ERRNO)
    except OSError:
        return False


def notifications_supported() -> bool:
    """Whether the kernel can tell the trusted side of a refused call."""
    try:
        return supported() and _available(NOTIFY)
    except OSError:
        return False


def _available(action: int) -> bool:
    number = number_of("seccomp")
    assert number is not None
    syscall(number, GET_ACTION_AVAILABLE, 0, buffer(struct.pack("=I", action)))
    return True


def main_filter(pid: int, *, notify: bool, files_judged: bool) -> Code:
    """The filter for process `pid`. `files_judged`: Landlock decides which files are opened and how."""
    _, architecture = ARCHITECTURES[platform.machine()]
    refuse = NOTIFY if notify else ERRNO | errno.EPERM
    code: Code = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_AT),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),
    ]

    def on(names: Iterable[str], body: Code) -> None:
        for name in names:
            if (number := number_of(name)) is not None:
                code.extend([(EQUAL, 0, len(body), number), *body])

    def argument(index: int, values: Iterable[int], then: int, otherwise: int) -> Code:
        body: Code = [(LOAD, 0, 0, ARGUMENTS_AT + 8 * index)]
        for value in values:
            body += [(EQUAL, 0, 1, value), (RETURN, 0, 0, then)]
        return [*body, (RETURN, 0, 0, otherwise)]

    on(ALLOWED, [(RETURN, 0, 0, ALLOW)])
    on(("open",), _opening(1, files_judged))
    on(("openat",), _opening(2, files_judged))
    on(WRITING, [(RETURN, 0, 0, ALLOW if files_judged else ERRNO | errno.EACCES)])
    on(
        ("clone",),
        [(LOAD, 0, 0, ARGUMENTS_AT), (ANY_BIT, 0, 1, CLONE_THREAD), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, refuse)],
    )
    on(("socketpair",), argument(0, (AF_UNIX,), ALLOW, refuse))
    on(("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"), argument(0, (pid,), ALLOW, refuse))
    on(("tkill",), [(RETURN, 0, 0, refuse)])
    on(("prctl",), argument(0, PRCTL_ALLOWED, ALLOW, ERRNO | errno.EPERM))
    on(("ioctl",), argument(1, IOCTL_ALLOWED, ALLOW, ERRNO | errno.ENOTTY))
    on(("fcntl",), argument(1, FCNTL_REFUSED, refuse, ALLOW))
    on(("sched_setaffinity",), argument(0, (0, pid), ALLOW, ERRNO | errno.EPERM))
    on(("prlimit64",), argument(0, (0, pid), ALLOW, ERRNO | errno.EPERM))
    on(
        ("sendto",),  # with an address it would leave; without one it only goes where a socketpair leads
        [
            (LOAD, 0, 0, ARGUMENTS_AT + 8 * 4),
            (EQUAL, 0, 3, 0),
            (LOAD, 0, 0, ARGUMENTS_AT + 8 * 4 + 4),
            (EQUAL, 0, 1, 0),
            (RETURN, 0, 0, ALLOW),
            (RETURN, 0, 0, refuse),
        ],
    )
    on(("sendmsg", "seccomp"), [(RETURN, 0, 0, ALLOW)])  # until `last_filter`
    on((name for names in ACCUSED.values() for name in names), [(RETURN, 0, 0, refuse)])
    on(QUIETLY_REFUSED, [(RETURN, 0, 0, ERRNO | errno.EPERM)])
    on(UNSUPPORTED, [(RETURN, 0, 0, ERRNO | errno.ENOTSUP)])
    on(PRETENDED, [(RETURN, 0, 0, ERRNO)])
    return [*code, (RETURN, 0, 0, ERRNO | errno.ENOSYS)]


def _opening(flags: int, files_judged: bool) -> Code:
    refuse = (RETURN, 0, 0, ERRNO | errno.EACCES)
    load = (LOAD, 0, 0, ARGUMENTS_AT + 8 * flags)
    if not files_judged:
        writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
        return [load, (ANY_BIT, 0, 1, writing), refuse, (RETURN, 0, 0, ALLOW)]
    mask = os.O_ACCMODE | os.O_TRUNC
    return [load, (AND, 0, 0, mask), (EQUAL, 0, 1, O_TRUNC_ALONE), refuse, (RETURN, 0, 0, ALLOW)]


def last_filter() -> Code:
    """On top of the main filter, once its listener has been handed over."""
    code: Code = [(LOAD, 0, 0, NUMBER_AT)]
    for name in ("sendmsg", "seccomp"):
        number = number_of(name)
        assert number is not None
        code += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | errno.EPERM)]
    return [*code, (RETURN, 0, 0, ALLOW)]


def install(code: Code, *, listener: bool = False) -> int:
    """Put the filter on this thread, for good; returns the listener's descriptor where one was asked for."""
    instructions = buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
    program = buffer(struct.pack("@HP", len(code), ctypes.addressof(instructions)))
    number = number_of("seccomp")
    assert number is not None
    return syscall(number, SET_MODE_FILTER, NEW_LISTENER if listener else 0, program)


def confine(
    pid: int, channel: socket.socket, hello: Callable[[bool], bytes], *, notify: bool, files_judged: bool
) -> None:
    """Install both filters; send `hello(whether calls are reported)` with the listener, if there is one, beside it."""
    listener = -1
    if notify:
        try:
            listener = install(main_filter(pid, notify=True, files_judged=files_judged), listener=True)
        except OSError:  # another listener is above us, as in some containers: there can be one only
            notify = False
    if not notify:
        install(main_filter(pid, notify=False, files_judged=files_judged))
        channel.sendmsg([hello(False)])
    else:
        socket.send_fds(channel, [hello(True)], [listener])
        os.close(listener)
    install(last_filter())
