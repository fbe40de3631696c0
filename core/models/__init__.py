"""The model registry, proofs, succession, levels and metrics."""
