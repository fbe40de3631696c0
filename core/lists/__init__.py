"""What happens to the people of a list over time: files that add and change, undo, withdrawal, and deletion."""
