"""Limits cannot be raised again.

expect: raised
"""

import resource


def attack(x):
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
