"""Neither does any object in memory.

expect: ok
"""

import gc


def attack(x):
    for thing in gc.get_objects():
        if isinstance(thing, (str, bytes)) or (isinstance(thing, dict) and len(thing) < 50):
            text = repr(thing)
            if "marker-" in text:
                print(text)
    return x
