"""HTTP routes of auth, a module for each noun."""
