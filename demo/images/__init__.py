"""Draws the demo's pictures: from a seed, in a few colours, and each with the words that describe it."""
