"""HTTP in and out of social."""
