"""HTTP routes of posts, a module for each noun."""
