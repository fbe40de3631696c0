"""Fetches indicators from the statistics offices."""
