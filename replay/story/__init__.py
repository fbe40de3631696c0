"""The story of the demo: a small team works with a running appliance, and the appliance does the rest on its own."""
