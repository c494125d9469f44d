"""Finding, loading, blocking and blaming plugins. `load_plugins()` is the way in."""

from gradverify.plugins.loading import load_plugins
from gradverify.plugins.registry import Plugins, PluginStatus, Registered, Status

__all__ = ["PluginStatus", "Plugins", "Registered", "Status", "load_plugins"]
