"""What can be done in dm, one file for each noun. Every function is part of the caller's one transaction."""
