"""HTTP in and out of posts, one file for each noun."""
