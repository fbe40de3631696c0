"""The page of models: champion and trial, their evidence, decisions and fairness."""
