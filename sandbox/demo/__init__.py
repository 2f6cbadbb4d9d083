"""The demo: every process of the line on one machine, started together and gone together."""
