"""Prepares an empty appliance; every step is safe to repeat."""
