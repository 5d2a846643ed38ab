"""HTTP in and out of auth, one file for each noun."""
