"""A local socket that is no file.

expect: policy-violation
tried: network
"""

import socket


def attack(x):
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"told", "\0@SOCKET@")
