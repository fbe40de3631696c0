"""A new campaign kind, from a file that nobody has seen."""
