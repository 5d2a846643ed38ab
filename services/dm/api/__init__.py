"""HTTP in and out of dm, one file for each noun."""
