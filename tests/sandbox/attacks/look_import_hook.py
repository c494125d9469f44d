"""An import hook meets its own imports only.

expect: ok
"""

import sys


class Hook:
    def find_spec(self, name, path=None, target=None):
        print("asked for", name)


def attack(x):
    sys.meta_path.insert(0, Hook())
    return x
