"""The MLServer runtime: champion and canary, routing, and the only writer of the prediction log."""
