"""Inputs that nobody means well, at every door: `scripts/bench fuzz`."""
