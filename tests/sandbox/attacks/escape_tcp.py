"""A TCP connection.

expect: policy-violation
tried: network
"""

import socket
def attack(x):
    socket.create_connection(("127.0.0.1", int("@PORT@"))).sendall(b"told")
