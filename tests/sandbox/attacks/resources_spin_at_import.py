"""A loop without end while it is imported.

expect: timeout
start_seconds: 0.5
"""

while True:
    pass
