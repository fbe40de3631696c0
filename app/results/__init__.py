"""The page of results: the sales from the calls, and how sure these figures are."""
