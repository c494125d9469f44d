"""YAML text to `Spec`: the edge where every fault of a file is found and placed."""
