"""Wishes not to be called."""
