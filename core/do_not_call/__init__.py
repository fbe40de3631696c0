"""The do-not-call list as people change it: persons, numbers, its export, and how the lists of calls follow."""
