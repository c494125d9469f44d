"""Automatic differentiation of expressions and plain NumPy functions, as a gradverify plugin."""
