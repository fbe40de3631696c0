"""Drift: whether the people who arrive are others than those who arrived before them."""
