"""The page of the economy: indicators, and what a different economy would change."""
