"""Erases a person from datasets and models."""
