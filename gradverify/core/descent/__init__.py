"""Descent with the claimed gradient: run it, say how it behaved, and judge what the spec expected of it."""
