"""The command `scripts/kind`: campaign kinds from the shell."""
