"""The review of a week, which managers sign."""
