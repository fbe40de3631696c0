"""The call list: taking a person, their card, and what is recorded of the call."""
