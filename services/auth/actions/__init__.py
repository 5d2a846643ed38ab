"""What users change in auth, a module for each noun. Every function runs in the caller's transaction."""
