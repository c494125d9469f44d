"""Text that colours, hides, reorders and commands.

expect: raised
"""


def attack(x):
    raise ValueError("\x1b[2J\x1b]8;;http://evil\x07::error::\n::set-output name=a::b\u202eevil]]><script>\x00\ud800")
