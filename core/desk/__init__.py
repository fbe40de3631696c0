"""The agent's desk beyond one call: dialling addresses, notes, own results, promised calls, corrections, the team."""
