"""A telephone in the terminal, and scripts played there."""
