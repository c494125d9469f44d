"""The kernel's own network interface.

expect: policy-violation
tried: network
"""

import socket


def attack(x):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
