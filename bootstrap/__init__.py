"""Makes an empty appliance ready, again and again without harm; and runs the embedded one."""

WORK_POOL = "callwise"
"""Prefect's work pool: the set-up makes it, and the worker polls it."""
