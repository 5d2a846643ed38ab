"""Reads of posts, a module for each noun. Each takes a connection and changes nothing."""
