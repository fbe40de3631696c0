"""Lists over time on the screen: the bar of an import, its undo, a person's old values, the deletion of a campaign."""
