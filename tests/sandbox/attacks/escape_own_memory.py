"""Its own memory as a file.

expect: policy-violation
tried: file
"""


def attack(x):
    open("/proc/self/mem", "r+b")
