"""The feed of changes: what happened to people, in an order that never changes and leaves nothing out."""
