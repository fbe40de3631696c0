"""A simulated call centre whose truth is known: people, days, agents and files, and the loop that ranks for them."""
