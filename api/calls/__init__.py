"""The next person for a dialler, and what came of the call."""
