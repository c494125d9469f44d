"""The disk filled by many files.

expect: policy-violation
tried: file
seconds: 30
"""


def attack(x):
    for number in range(1000):
        with open(f"big{number}", "wb") as file:
            file.write(bytes(1 << 20))
