"""A server.

expect: policy-violation
tried: network
"""

import socket


def attack(x):
    socket.create_server(("127.0.0.1", 0))
