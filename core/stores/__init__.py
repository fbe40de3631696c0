"""Adapters to MongoDB, S3, the event log, the data registry and Evidently."""
