"""The scoring service beside its peers, on one model, one machine and one load: `scripts/bench serving`."""
