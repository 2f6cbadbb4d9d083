"""What an operator asks: is it alive, and what is wrong."""
