"""An exit while it is imported.

expect: import-error
"""

import sys

sys.exit(0)
