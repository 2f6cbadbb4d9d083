"""Country packs: a folder of facts each, and the code that reads such a folder with care."""
