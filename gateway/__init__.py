"""The service: takes in what callers mean, keeps it, and opens it for whoever may see it."""
