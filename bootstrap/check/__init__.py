"""Looks at a running appliance from outside, hop by hop and in a browser."""
