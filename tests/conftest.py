"""What every test may use: pytest's own tool for testing pytest plugins, and hypothesis without a clock."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

# No test asserts on wall-clock time: a slow machine is no fault of the code. Examples are the same in every run, so
# that a change fails for what it changed; `HYPOTHESIS_PROFILE=explore` looks at others.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("explore"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
