"""What people say of a file, where its proposal guessed otherwise or could not know."""
