"""The texts of the line in other languages than English, and the proof that none is missing.

Start with `extraction.py`: a text is translatable because of where it stands in a screen.
"""
