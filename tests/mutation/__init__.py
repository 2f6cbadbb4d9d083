"""Mutation testing: the code is broken on purpose in one place after another.

A test suite that stays green over broken code promises nothing about that place. docs/mutation.md
says what is broken, what the figures are and what the survivors mean.
"""
