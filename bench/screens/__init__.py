"""The call list on the screen: its first paint at several sizes, and a shift of many agents."""
