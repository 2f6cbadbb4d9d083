"""The phone page in a real browser, on a whole demo with its real gateway."""
