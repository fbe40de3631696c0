"""Wishes not to be called, by person and by number: how they are kept, and whether somebody has one."""
