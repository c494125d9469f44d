"""A crash of the interpreter itself.

expect: crashed
"""

import types


def attack(x):
    code = (lambda: None).__code__
    broken = code.replace(co_code=bytes([100, 255, 83, 0] * 4), co_consts=(), co_stacksize=1)
    types.FunctionType(broken, {})()
    import os, signal

    os.kill(os.getpid(), signal.SIGSEGV)
