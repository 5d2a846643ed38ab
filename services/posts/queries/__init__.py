"""What posts can be asked, one file for each noun. Each takes a connection and changes nothing."""
