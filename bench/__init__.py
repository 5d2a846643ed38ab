"""Measurements: each a module that prints its table, with the command that reproduces it in its first line."""
