"""What comes in from elsewhere and what must not go out: known faults, components, secrets."""
