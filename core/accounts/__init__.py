"""People's accounts: roles, passwords and changes to them."""
