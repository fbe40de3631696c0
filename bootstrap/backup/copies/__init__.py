"""The copies of a backup: how each sort of store is copied, counted and hashed, and put back."""
