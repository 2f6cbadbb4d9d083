"""Whether anything that a caller said can be read in what the service leaves behind."""
