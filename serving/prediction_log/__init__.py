"""The prediction log: what makes a record durable before the answer, and erases it again."""
