"""The baseline: the same routes, written as in the documentation of the frameworks; nothing is slow on purpose."""
