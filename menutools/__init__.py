"""The book of screens, read from cover to cover before a caller does.

`walk.py` goes through the real dialogue, `rules.py` holds what it finds against the rules,
`check.py` counts and tells. `graph.py`, `show.py` and `cost.py` put the same walk on paper: for
readers of the code, for translators and counsellors, and for whoever pays for the time.
"""
