"""Pretend telephones, and the line that they dial."""
