"""What is measured: a file for each, with its goals at the top."""
