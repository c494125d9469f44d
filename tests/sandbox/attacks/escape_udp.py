"""A UDP packet.

expect: policy-violation
tried: network
"""

import socket
def attack(x):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"told", ("127.0.0.1", int("@PORT@")))
