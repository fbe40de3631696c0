"""Drift, quality and parity reports."""
