"""Scheduled jobs: ranking, drift, performance. Each can also be run by hand."""
