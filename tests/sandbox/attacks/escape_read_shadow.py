"""The system's passwords.

expect: policy-violation
tried: file
"""


def attack(x):
    return open("/etc/shadow").read()
