"""A pair of sockets, one end of which would be sent elsewhere.

expect: policy-violation
tried: network
"""

import socket


def attack(x):
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"told", "\0@SOCKET@")
