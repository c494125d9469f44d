"""A results file where the grader would write it.

expect: policy-violation
tried: file
"""


def attack(x):
    open("@OUTSIDE@/results.json", "w").write('{"score": 100}')
