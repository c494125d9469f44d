"""What every test may use: pytest's own tool for testing pytest plugins, and hypothesis without a clock."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

# No test asserts on wall-clock time: a slow machine is no fault of the code.
settings.register_profile("gradverify", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gradverify")
