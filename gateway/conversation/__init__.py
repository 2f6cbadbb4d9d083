"""A call, step by step: sessions, limits, and what the menus decide."""
