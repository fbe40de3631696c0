"""Snapshots of the data a model learns from, and their lineage."""
