"""Symbolic proofs and exact references with SymPy, as a gradverify plugin."""
