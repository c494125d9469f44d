"""A spec's sources to functions that can be called."""
