"""Pages for accounts: managing them, and one's own."""
