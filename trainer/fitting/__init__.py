"""Candidates, the search among them, and calibration."""
