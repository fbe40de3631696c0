"""What a job is, when it runs, and the monitor's health."""
