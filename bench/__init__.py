"""Measurements: each module prints its table, and the command that reproduces it in its first line."""
