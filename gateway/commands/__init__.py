"""Groups of commands of `isange`, where gateway/cli.py would become too long with them."""
