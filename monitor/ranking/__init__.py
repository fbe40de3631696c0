"""Ranks the call list and applies outcomes to it."""
