"""One training from snapshot to hand-over."""
