"""The overview: the state of calls, model and ranking, and open incidents."""
