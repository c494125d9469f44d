"""Assignments and submissions to scores and feedback."""
