"""The schema's history, run by `isange db upgrade`."""
