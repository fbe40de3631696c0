"""Makes an empty appliance ready, again and again without harm; and runs the embedded one."""
