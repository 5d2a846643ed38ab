"""Draws the images of the demo from a seed, each with a text that describes it."""
