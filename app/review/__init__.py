"""The weekly review of drift and quality, which managers sign."""
