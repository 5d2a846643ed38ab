"""What users change in social, a module for each noun. Every function runs in the caller's transaction."""
