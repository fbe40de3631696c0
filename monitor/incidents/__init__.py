"""The life of an incident: facts, causes, next steps."""
