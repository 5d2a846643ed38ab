"""Auth asks nobody: who exists is known here."""
