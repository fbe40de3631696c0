"""Models, reports and incidents, to read."""
