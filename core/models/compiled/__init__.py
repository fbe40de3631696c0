"""A validated model as plain arithmetic: the same scores without a data frame, for a row or for thousands."""
