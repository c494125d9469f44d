"""A connection over IPv6.

expect: policy-violation
tried: network
"""

import socket
def attack(x):
    socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect(("::1", int("@PORT@")))
