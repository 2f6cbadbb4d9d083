"""Telephone numbers as a type that cannot be printed.

A number in a log line or a traceback can cost a life, so the only way to the digits is to ask for
them by name: `Msisdn.reveal()`. Everything else (str, repr, format, pickle) gives a placeholder or
fails.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NoReturn

import phonenumbers

HIDDEN = "<number>"


class NotANumber(ValueError):
    """What was given is no telephone number; never quotes it."""


class Msisdn:
    """A valid number in E.164 form (+250788123456), hidden from every kind of printing."""

    __slots__ = ("_digits",)

    def __init__(self, e164: str) -> None:
        self._digits = e164

    def reveal(self) -> str:
        """The number in E.164 form. Each use of this is a place to review."""
        return self._digits

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Msisdn) and other._digits == self._digits

    def __hash__(self) -> int:
        return hash(self._digits)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a telephone number is never pickled")


def parse(raw: str, region: str | None = None) -> Msisdn:
    """Read a number as a network or a person writes it.

    `region` (ISO 3166, "RW") allows the national form (0788...). Raises NotANumber, which quotes
    nothing. Numbers of other countries are as good as our own: a caller may be roaming.
    """
    if region and _settled(region).fullmatch(raw):
        return Msisdn(raw)
    text = unicodedata.normalize("NFKC", raw).strip()
    if not text or len(text) > 32:
        raise NotANumber("not a telephone number")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise NotANumber("not a telephone number") from None
    if not phonenumbers.is_possible_number(number):
        raise NotANumber("not a telephone number")
    return _msisdn(number)


def example(region: str) -> Msisdn | None:
    """A made-up mobile number in the plan of `region`, for samples; None where there is no plan."""
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    return _msisdn(number) if number else None


@cache
def _settled(region: str) -> re.Pattern[str]:
    """How the numbers of a country look that leave nothing to be read: as networks write them.

    Of these the whole reading, which costs a step more than its encryption, changes nothing.
    Whatever is not sure to be one is no match: another country's, one with the prefix for calls at
    home in it, or all numbers of a country that shares its code.
    """
    code = phonenumbers.country_code_for_region(region)
    plan = phonenumbers.PhoneMetadata.metadata_for_region(region)
    shared = phonenumbers.region_code_for_country_code(code) != region
    if plan is None or plan.general_desc is None or shared:
        return re.compile(r"(?!)")
    prefix = plan.national_prefix_for_parsing
    at_home = f"(?!{prefix})" if prefix else ""
    lengths = "|".join(f"[0-9]{{{length - 1}}}" for length in plan.general_desc.possible_length)
    return re.compile(rf"\+{code}{at_home}[1-9](?:{lengths})")


def _msisdn(number: phonenumbers.PhoneNumber) -> Msisdn:
    return Msisdn(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
