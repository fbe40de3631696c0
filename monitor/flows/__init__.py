"""Asks Prefect for flow runs: trainings and erasures."""
