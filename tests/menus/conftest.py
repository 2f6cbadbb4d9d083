"""The properties of the dialogue are tried on the same examples at every run."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, max_examples=200
)
settings.load_profile("steady")
