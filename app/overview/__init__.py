"""The overview: the state of the loop, and what needs a decision."""
