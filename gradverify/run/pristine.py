"""What one spec's code changes in its process is put back before the next spec: nobody's verdict is its neighbour's.

That are the environment, the filters of warnings, and the names of modules that everybody uses: a function that
replaces `numpy.sum`, or turns warnings into errors, does so for itself. What lies deeper (the contents of other
modules, resource limits, threads) stays as it is; `-j` and the order of specs may show it.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

SHARED = ("builtins", "math", "cmath", "random", "os", "time", "numpy", "numpy.linalg", "numpy.fft", "numpy.random")


@contextmanager
def put_back() -> Iterator[None]:
    """Run one spec's code, and put back what it changed."""
    environment = dict(os.environ)
    names = {name: dict(vars(sys.modules[name])) for name in SHARED if name in sys.modules}
    try:
        with warnings.catch_warnings():
            yield
    finally:
        for module, saved in names.items():
            current = vars(sys.modules[module]) if module in sys.modules else {}
            for name, value in saved.items():
                if name not in current or current[name] is not value:
                    current[name] = value
        if dict(os.environ) != environment:
            for name in os.environ.keys() - environment.keys():
                del os.environ[name]
            os.environ.update(environment)
