"""The MLServer runtime: champion and canary, routing, and the prediction log's only writer."""
