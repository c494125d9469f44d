"""A report that is only printed.

expect: ok
prints: "score": 100
"""


def attack(x):
    print('{"score": 100, "tests": []}\n::error::gone\n::add-mask::x')
    return x
