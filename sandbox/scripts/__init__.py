"""Calls written down: a short YAML script is played on a running demo, recorded, and drawn.

`reading` makes a `script` of a file, `player` plays it on `script_phones`, `writing` makes one of
what was played by hand, and `sandbox.film` a moving picture of either. `stories` are for trainings.
`docs/scripts.md` describes the language.
"""
