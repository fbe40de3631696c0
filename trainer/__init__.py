"""Continuous training as a Prefect flow: snapshot, validate, train, validate, register."""
