"""A database outside.

expect: policy-violation
tried: file
"""

import sqlite3


def attack(x):
    sqlite3.connect("@OUTSIDE@/planted")
