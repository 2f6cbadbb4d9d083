"""What the staff see on a line of their own."""
