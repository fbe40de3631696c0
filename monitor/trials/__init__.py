"""The trial of a canary: evidence, guardrails, promotion and rollback."""
