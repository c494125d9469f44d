"""The memory of the process above.

expect: policy-violation
tried: process
"""

import ctypes, os


def attack(x):
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

    here = ctypes.create_string_buffer(8)
    mine, theirs = Part(ctypes.addressof(here), 8), Part(0x400000, 8)
    ctypes.CDLL(None).process_vm_readv(os.getppid(), ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0)
