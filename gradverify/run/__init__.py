"""Specs to results: worker processes, order, limits."""
