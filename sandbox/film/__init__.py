"""A script as an animated picture."""
