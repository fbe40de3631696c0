"""Backup, restore and drill: every store and secret in one encrypted archive, and back from it."""
