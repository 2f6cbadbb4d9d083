"""The command line `isange`: one file for each group of commands."""
