"""Removes what grows every day and that nobody needs any more (docs/operations.md has the table)."""
