"""Confinement of hostile code: processes, limits, kernel filters."""
