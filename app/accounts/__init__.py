"""The pages for accounts: all of them, and one's own."""
