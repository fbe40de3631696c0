"""Makes an empty appliance ready; every step can be repeated without harm."""
