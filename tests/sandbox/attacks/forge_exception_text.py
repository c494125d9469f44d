"""An exception that cannot be shown.

expect: raised
"""


class Mute(Exception):
    def __str__(self):
        raise self


def attack(x):
    raise Mute
