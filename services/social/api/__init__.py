"""HTTP routes of social."""
