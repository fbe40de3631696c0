"""Bringing in a file: matching its columns, rehearsing it, and importing it."""
