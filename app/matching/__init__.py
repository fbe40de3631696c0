"""Which column and which word of a file is which of the kind, by names and values."""
