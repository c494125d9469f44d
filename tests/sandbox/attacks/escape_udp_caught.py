"""A caught refusal of the network is seen too.

expect: policy-violation
tried: network
"""

import socket
def attack(x):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"told", ("127.0.0.1", int("@PORT@")))
    except BaseException:
        return x
