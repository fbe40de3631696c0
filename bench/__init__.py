"""Measures Callwise: its decisions on simulated streams with a known truth, its recipe, its screens."""
