"""The embedded appliance: its services, their processes, ports and state."""
