"""The control: the same routes as a careful engineer builds them from the textbook; nothing is slow on purpose."""
