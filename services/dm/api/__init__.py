"""HTTP routes of dm, a module for each noun."""
