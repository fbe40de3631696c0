"""The page of results: what the calls came to, and how sure that is."""
