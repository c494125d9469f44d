"""Finite differences in NumPy, as a gradverify plugin."""
