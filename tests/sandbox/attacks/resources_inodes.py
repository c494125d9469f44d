"""A million empty files.

expect: policy-violation
tried: file
seconds: 30
"""


def attack(x):
    for number in range(10**6):
        open(f"empty{number}", "wb").close()
