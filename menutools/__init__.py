"""Proves, prints and draws every screen before a caller sees it.

`walk.py` goes through the real dialogue, `screen_rules.py` and `dialogue_rules.py` hold what it
finds against the rules, `check.py` counts and tells. `graph.py`, `show.py` and `cost.py` put the
same walk on paper: for readers of the code, for translators and counsellors, and for whoever pays
for the time.
"""
