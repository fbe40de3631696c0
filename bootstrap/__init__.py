"""Makes an empty appliance ready, again and again without harm; and runs the embedded one."""

WORK_POOL = "callwise"
"""Prefect's work pool: the set-up makes it, and the worker polls it."""

VERSION = "0.1.0"
"""The release, as in pyproject.toml, which no image has."""
