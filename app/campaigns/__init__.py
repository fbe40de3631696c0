"""The page of campaigns: pausing, assigning, pace, script and the do-not-call list."""
