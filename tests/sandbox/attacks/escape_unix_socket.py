"""A local socket.

expect: policy-violation
tried: network
"""

import socket


def attack(x):
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect("@SOCKET@")
