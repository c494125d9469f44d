"""Its own environment, as it was when the process began.

expect: policy-violation
tried: file
"""


def attack(x):
    print(open("/proc/self/environ", "rb").read())
