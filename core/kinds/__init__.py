"""Campaign kinds: what an appliance calls about, each with its own columns, people and model."""
