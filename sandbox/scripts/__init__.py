"""Calls written down: a short YAML script is played on a running demo, recorded, and drawn.

`reading` makes a `script` of a file, `player` plays it with the phones of a `stage`, `writing`
makes one of what was played by hand, and `film` with `drawing` makes an animated picture of either.
`docs/scripts.md` describes the language.
"""
