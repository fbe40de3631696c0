"""What is refused before MLServer answers it: what is no request, and streams."""
