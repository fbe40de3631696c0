"""What a cell means: text without invisible characters, numbers, dates, yes and no, and a person's key."""
