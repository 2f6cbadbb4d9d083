"""The staff: who there is, who is on duty, who is told."""
