"""Who may come in: signing in, sessions, single sign-on, and the boundary of every page."""
