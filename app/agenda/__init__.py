"""The page Agenda: the calls that were promised, of all campaigns."""
