"""Numbers as networks and people write them: all of the same person are the same number."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.runtime import phones
from gateway.runtime.phones import NotANumber
from tests.samples import CALLER


@pytest.mark.parametrize(
    "written",
    [
        CALLER,
        "0788123456",
        "788123456",
        "+250 788 123 456",
        "+2500788123456",
        "00250788123456",
        "\uff0b250788123456",
        "+\u0662\u0665\u0660788123456",
        " +250788123456\n",
    ],
)
def test_however_it_is_written_it_is_her_number(written: str) -> None:
    assert phones.parse(written, "RW").reveal() == CALLER


def test_one_number_is_one_number_and_no_text() -> None:
    hers, same, other = (phones.parse(one, "RW") for one in (CALLER, "0788123456", "0788123457"))
    assert hers == same
    assert hers != other
    assert hers != CALLER, "a number that somebody wrote is to be read first"
    assert {hers: "found"}[same] == "found"
    assert len({hers, same, other}) == 2


@pytest.mark.parametrize("region", ["RW", "KE"])
def test_a_made_up_number_is_a_mobile_number_of_its_country(region: str) -> None:
    made_up = phones.example(region)
    assert made_up is not None
    number = phonenumbers.parse(made_up.reveal())
    assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    assert phonenumbers.region_code_for_number(number) == region


def test_a_place_without_a_plan_has_no_number_to_make_up() -> None:
    assert phones.example("AQ") is None


@pytest.mark.parametrize(
    "written", ["", "+", "112", "MTN", "+25078812345678901", "+250", "+999123"]
)
def test_what_is_no_number_is_refused_without_a_word_of_it(written: str) -> None:
    with pytest.raises(NotANumber) as refused:
        phones.parse(written, "RW")
    assert written == "" or written not in str(refused.value)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_short_way_reads_a_number_as_the_long_way_does(region: str) -> None:
    """In every country: with each length, and with each digit that a number can begin with."""
    code = phonenumbers.country_code_for_region(region)
    for length in range(4, 15):
        for first in "0123456789":
            for rest in ("31415926535897", "89323846264338", "15902884197169"):
                _both_ways(f"+{code}{first}{rest[: length - 1]}", region)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.from_regex(r"\+25[04][0-9]{0,11}\n?", fullmatch=True), st.sampled_from(["RW", "KE"]))
def test_whatever_digits_come_both_ways_agree(written: str, region: str) -> None:
    _both_ways(written, region)


def _both_ways(written: str, region: str) -> None:
    """A blank after a number changes nothing but that it is read the long way."""
    assert _read(written, region) == _read(f"{written} ", region), written


def _read(written: str, region: str) -> str | None:
    try:
        return phones.parse(written, region).reveal()
    except NotANumber:
        return None
