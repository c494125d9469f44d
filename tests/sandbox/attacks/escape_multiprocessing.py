"""A process of Python's own kind.

expect: policy-violation
tried: process
"""

import multiprocessing


def attack(x):
    process = multiprocessing.get_context("fork").Process(target=print)
    process.start()
