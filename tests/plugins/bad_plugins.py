"""Plugins that do what plugins should not, as module texts."""

HEAD = """
import numpy as np
from gradverify.plugin import Backend, Estimate, Estimates, Evidence, hookimpl

class Base:
    name = "NAME"
    def why_not(self, problem): return None
    def answer(self, problem, request, value, bound):
        values, bounds = np.full(problem.shape, value), np.full(problem.shape, bound)
        points = tuple(Estimate(value=values, error_bound=bounds, evidence=Evidence.EXACT) for _ in request.points)
        return Estimates(points=points, evaluations=0)
"""
TAIL = """
@hookimpl
def gradverify_backends():
    return [Mine()]
"""

DOES_NOT_IMPORT = "import a_module_that_is_not_there\n"
EXITS_AT_IMPORT = "raise SystemExit(7)\n"
BROKEN_SYNTAX = "def f(:\n"
NO_HOOK = "value = 1\n"
UNKNOWN_HOOK = "from gradverify.plugin import hookimpl\n@hookimpl\ndef gradverify_backend():\n    return []\n"
UNMARKED_HOOK = "def gradverify_backends():\n    return []\n"
FOREIGN_ARGUMENT = (
    "from gradverify.plugin import hookimpl\n@hookimpl\ndef gradverify_spec_collected(spec, colour):\n    pass\n"
)
OTHER_API = "GRADVERIFY_API = 99\n" + UNKNOWN_HOOK
RETURNS_NUMBER = "from gradverify.plugin import hookimpl\n@hookimpl\ndef gradverify_backends():\n    return 3\n"
RETURNS_CLASS = HEAD + "class Mine(Base): pass\n@hookimpl\ndef gradverify_backends():\n    return [Mine]\n"
LACKS_ESTIMATE = HEAD + "class Mine(Base): pass\n" + TAIL
PRINTS = "print('hello from a plugin')\n" + NO_HOOK
RAISES_MIDWAY = HEAD + (
    "class Mine(Base):\n    def estimate(self, problem, request): return None\n"
    "@hookimpl\ndef gradverify_backends():\n    yield Mine()\n    raise ValueError('halfway')\n"
)
RAISES = HEAD + "class Mine(Base):\n    def estimate(self, problem, request): raise ZeroDivisionError('oops')\n" + TAIL
NOT_A_NUMBER = (
    HEAD + "class Mine(Base):\n    def estimate(self, p, r): return self.answer(p, r, float('nan'), 0.0)\n" + TAIL
)
WRONG_TYPE = HEAD + "class Mine(Base):\n    def estimate(self, p, r): return [1, 2]\n" + TAIL
NEGATIVE_BOUND = HEAD + "class Mine(Base):\n    def estimate(self, p, r): return self.answer(p, r, 1.0, -1.0)\n" + TAIL
HANGS = HEAD + "import time\nclass Mine(Base):\n    def estimate(self, p, r): time.sleep(600)\n" + TAIL
CRASHES = HEAD + "import os\nclass Mine(Base):\n    def estimate(self, p, r): os._exit(11)\n" + TAIL
SOUND = HEAD + "class Mine(Base):\n    def estimate(self, p, r): return self.answer(p, r, 0.0, np.inf)\n" + TAIL


def text(code: str, name: str) -> str:
    """The module's text, with its backend called `name`."""
    return code.replace("NAME", name)
