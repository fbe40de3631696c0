"""How fast a large file is read, and in how much memory, beside pandas: `scripts/bench reading`."""
