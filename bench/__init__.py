"""What Callwise's decisions are worth, on simulated streams whose truth is known."""
