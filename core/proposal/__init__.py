"""From a file that nobody has seen to a campaign kind: what each column means, by evidence, for people to check."""
