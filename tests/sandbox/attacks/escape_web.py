"""A web page.

expect: policy-violation
tried: network
"""

import urllib.request


def attack(x):
    urllib.request.urlopen("http://127.0.0.1:@PORT@/told")
