"""Brings data that an earlier release wrote into the form that this one reads, once, in order, and under a lock."""
