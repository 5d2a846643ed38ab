"""The measurements: a file for each, with its goals at the top."""
