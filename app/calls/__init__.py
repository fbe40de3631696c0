"""The call list: taking a person, their card, and recording the result."""
