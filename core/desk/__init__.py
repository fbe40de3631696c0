"""The agent's desk beyond one call: dial addresses, notes, own results, promised calls, corrections, the team."""
