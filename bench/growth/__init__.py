"""What grows: ranking, training, a restart, a year of a team, and agents at work on all of it."""
