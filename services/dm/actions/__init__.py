"""What users change in dm, a module for each noun. Every function runs in the caller's transaction."""
