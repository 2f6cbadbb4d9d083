"""What may be typed where, and what to say when it cannot be used."""

from __future__ import annotations

import unicodedata

from menus.script import Refused

_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
"""The quasigroup of H. M. Damm (2004): catches every wrong digit and every swap of neighbours."""

LONGEST = 60
"""Characters of typing that are looked at; more is never an answer to any of our questions."""


def tidy(typed: str) -> str:
    """What was typed, as keys: full-width and Arabic digits, spaces, `1.` and `#1` made plain."""
    folded = unicodedata.normalize("NFKC", typed[: 4 * LONGEST]).strip()
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)
    bare = digits.strip(" #.)(")
    return bare if bare.isdecimal() else digits


def check_digit(digits: str) -> str:
    """The digit that makes `digits` a valid code."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def has_check_digit(code: str) -> bool:
    """Whether the last digit of `code` is the check digit of the others."""
    return check_digit(code) == "0"


def report_code(typed: str) -> str:
    """A report's code: six to ten digits, the last a check digit; spaces are ours, not hers."""
    code = _digits(typed)
    if not 6 <= len(code) <= 10:
        raise Refused("The code has at least 6 digits.")
    if not has_check_digit(code):
        raise Refused("One digit of the code is wrong.")
    return code


def four_digits(typed: str) -> str:
    """Four digits that she chose before."""
    digits = _digits(typed)
    if len(digits) != 4:
        raise Refused("Please type 4 digits.")
    return digits


def new_secret(typed: str) -> str:
    """Four digits to choose: not those that everybody tries first."""
    digits = four_digits(typed)
    if len(set(digits)) == 1 or digits in {"1234", "4321", "0123", "2345"}:
        raise Refused("Too easy to guess. Type 4 other digits.")
    return digits


def days_ahead(typed: str) -> str:
    """In how many days, at most two months from now."""
    days = _digits(typed).lstrip("0")
    if not days or len(days) > 2 or int(days) > 60:
        raise Refused("Type 1 to 60 days.")
    return days


def first_letters(typed: str) -> str:
    """The beginning of a place name."""
    letters = "".join(c for c in typed[:LONGEST] if c.isalpha() or c in " '-").strip()
    if sum(map(str.isalpha, letters)) < 2:
        raise Refused("Please type at least 2 letters.")
    return letters


def phone_number(typed: str) -> str:
    """A number that a person may ring: 9 to 15 digits, a leading + allowed."""
    digits = _digits(typed.removeprefix("+"))
    if not 9 <= len(digits) <= 15:
        raise Refused("Type the whole phone number.")
    return "+" + digits if typed.startswith("+") else digits


def _digits(typed: str) -> str:
    """`typed` without the spaces and dashes people put between digits; "" if more is in it."""
    digits = "".join(c for c in typed if c not in " -.")
    return digits if digits.isdecimal() and digits.isascii() else ""
