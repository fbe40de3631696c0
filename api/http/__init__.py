"""What every answer shares: problems, bounded bodies, pages by cursor, and figures."""
