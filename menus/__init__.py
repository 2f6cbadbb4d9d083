"""What a phone shows and what the caller meant.

A leaf of the house: standard library only, no clock, no random, no I/O. Start with
`callers/report.py`.
"""
