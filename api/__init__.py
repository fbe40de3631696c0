"""The API: a door for diallers, a CRM and other programs, over the same functions as the screens."""
