"""Erasing a person: requests, places and what each place removes."""
