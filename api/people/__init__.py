"""People: added and changed as a file would, and the score of one."""
