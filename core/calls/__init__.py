"""Campaigns and calls: claims, recording, undo and the do-not-call list."""
