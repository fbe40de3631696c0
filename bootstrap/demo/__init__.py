"""The command lines of the embedded appliance and of the test servers."""
