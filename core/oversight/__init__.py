"""Incidents, the week and its signed reviews."""
