"""Kinds, campaigns, and the ranked list of one."""
