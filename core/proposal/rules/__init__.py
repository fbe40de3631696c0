"""What a column can be: a rule for each meaning."""
