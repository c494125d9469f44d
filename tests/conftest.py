"""What every test may use: pytest's own tool for testing pytest plugins."""

pytest_plugins = ["pytester"]
