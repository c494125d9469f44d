"""An end of the process while it is imported.

expect: crashed
"""

import os

os._exit(0)
