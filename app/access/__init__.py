"""Access: sign-in, sessions, single sign-on, and the boundary around every page."""
