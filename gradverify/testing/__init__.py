"""The conformance suite that any backend's author runs."""
