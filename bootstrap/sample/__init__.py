"""The simulator of the sample campaign."""
