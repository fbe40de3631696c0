"""Follows calls and wishes into the feed of changes."""
