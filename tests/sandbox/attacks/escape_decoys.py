"""An attempt hidden among a thousand that lead nowhere.

expect: policy-violation
tried: file
"""


def attack(x):
    for number in range(500):
        try:
            open(f"/nowhere/{number}")
        except OSError:
            pass
    try:
        print(open("@SECRET@").read())
    except OSError:
        pass
    return x
