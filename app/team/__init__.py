"""The page Team: who calls now, and what only a manager may settle."""
