"""The grader's own package cannot be imported.

expect: raised
"""


def attack(x):
    import gradverify
