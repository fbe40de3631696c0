"""Scoring: the protocol, its client, reasons and logged predictions."""
