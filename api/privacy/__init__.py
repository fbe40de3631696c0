"""Erasure, and what is kept about a person."""
