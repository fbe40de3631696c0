"""The command line of the embedded appliance and of its test servers."""
