"""What may be typed, on any phone and in any habit, and what is said when it cannot be used."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import damm

from menus import checks, gsm7
from menus.checks import tidy
from menus.script import Refused

digits = st.text("0123456789", min_size=1, max_size=12)
anything = st.one_of(
    st.text(max_size=100), st.text("0123456789٣۴３ .#()+-abc\u200f\u00a0ﷺ", max_size=300)
)

EVERY_CHECK = (
    checks.report_code,
    checks.four_digits,
    checks.new_secret,
    checks.first_letters,
    checks.phone_number,
)


@pytest.mark.parametrize(
    "typed",
    [
        "1",
        "１",
        "١",
        "۱",
        "१",
        "1.",
        "1)",
        "(1)",
        "#1",
        "1#",
        " 1 ",
        "\t1\n",
        " #1. ",
        "①",
        "\u00a01",
    ],
)
def test_one_is_one_however_it_is_typed(typed: str) -> None:
    assert tidy(typed) == "1"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("   ", ""),
        ("Ngoma", "Ngoma"),
        (" ngo ", "ngo"),
        ("1 2", "1 2"),
        ("1.2", "1.2"),
        ("-1", "-1"),
        ("+250788123456", "+250788123456"),
        ("(a)", "(a)"),
        ("*", "*"),
        ("Ｎｇｏ", "Ngo"),
        ("٠٧٨٨١٢٣٤٥٦", "0788123456"),
        ("½", "1⁄2"),
        ("X1", "X1"),
    ],
)
def test_anything_else_keeps_its_meaning(typed: str, kept: str) -> None:
    assert tidy(typed) == kept


@given(digits)
def test_digits_stay_the_digits_they_are(typed: str) -> None:
    assert tidy(typed) == typed


@given(digits, st.sampled_from(["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９", "०१२३४५६७८९"]))
def test_digits_of_any_script_are_the_same_digits(typed: str, script: str) -> None:
    assert tidy("".join(script[int(one)] for one in typed)) == typed


@given(st.text(max_size=12))
def test_tidying_twice_changes_nothing_more(typed: str) -> None:
    assert tidy(tidy(typed)) == tidy(typed)


@given(st.text(min_size=240, max_size=300), st.text(max_size=50))
def test_endless_typing_is_not_read_to_its_end(typed: str, more: str) -> None:
    assert tidy(typed + more) == tidy(typed)


@given(digits)
def test_the_check_digit_is_that_of_damm(bare: str) -> None:
    assert checks.check_digit(bare) == damm.calc_check_digit(bare)


@given(digits)
def test_codes_are_told_from_other_digits_as_damm_does(code: str) -> None:
    assert checks.has_check_digit(code) == damm.is_valid(code)


codes = st.text("0123456789", min_size=5, max_size=9).map(lambda d: d + checks.check_digit(d))


@given(codes, st.data())
def test_one_wrong_digit_is_caught(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from("0123456789"))
    assume(other != code[place])
    wrong = code[:place] + other + code[place + 1 :]
    with pytest.raises(Refused, match="One digit of the code is wrong"):
        checks.report_code(wrong)


@given(codes, st.data())
def test_two_neighbours_swapped_are_caught(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(code) - 2))
    assume(code[place] != code[place + 1])
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    with pytest.raises(Refused, match="One digit of the code is wrong"):
        checks.report_code(swapped)


@given(codes, st.sampled_from([" ", "-", "."]), st.integers(1, 4))
def test_a_code_may_be_typed_in_groups(code: str, between: str, size: int) -> None:
    groups = [code[start : start + size] for start in range(0, len(code), size)]
    assert checks.report_code(between.join(groups)) == code


@pytest.mark.parametrize(
    ("typed", "days"),
    [("1", "1"), ("60", "60"), ("07", "7"), ("9", "9"), (" 1 0 ", "10"), ("0060", "60")],
)
def test_days_are_counted_from_one_to_sixty(typed: str, days: str) -> None:
    assert checks.days_ahead(typed) == days


@pytest.mark.parametrize(
    "typed",
    [
        *("", "0", "00", "61", "600", "6000", "-", "1a", "a week", "٣"),
        *("00601", "0001" + "9" * 40),
    ],
)
def test_a_day_that_is_too_far_away_or_none_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="Type 1 to 60 days"):
        checks.days_ahead(typed)


@pytest.mark.parametrize("typed", ["12345", "12345678901", "12345a", "", "abc", "1 2"])
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="at least 6 digits"):
        checks.report_code(typed)


@pytest.mark.parametrize("typed", ["2580", "2 5 8 0", "25-80", "0009"])
def test_a_secret_is_four_digits(typed: str) -> None:
    assert checks.new_secret(typed) == checks.four_digits(typed) == typed.translate(SPACING)


@pytest.mark.parametrize("typed", ["258", "25801", "abcd", "25a0", "", "2,5,8,0"])
@pytest.mark.parametrize("check", [checks.four_digits, checks.new_secret])
def test_a_secret_is_nothing_else(check: Callable[[str], str], typed: str) -> None:
    with pytest.raises(Refused, match="type 4 digits"):
        check(typed)


@pytest.mark.parametrize("typed", ["0000", "7777", "1234", "4321", "0123", "2345"])
def test_a_secret_that_everybody_tries_first_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="Too easy to guess"):
        checks.new_secret(typed)


def test_a_secret_that_was_easy_once_is_still_hers() -> None:
    assert checks.four_digits("1234") == "1234"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ngo", "ngo"),
        ("Ngo ma", "Ngo ma"),
        ("Ng'ombe", "Ng'ombe"),
        ("ngo!", "ngo"),
        ("n9go", "ngo"),
        (" Rwa-m ", "Rwa-m"),
        ("ng", "ng"),
        ("Xa", "Xa"),
    ],
)
def test_letters_are_the_beginning_of_a_name(typed: str, kept: str) -> None:
    assert checks.first_letters(typed) == kept


@pytest.mark.parametrize("typed", ["n", "1", "", "77", "...", "- '"])
def test_one_letter_is_too_few(typed: str) -> None:
    with pytest.raises(Refused, match="at least 2 letters"):
        checks.first_letters(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0788123456", "0788123456"),
        ("0788 123 456", "0788123456"),
        ("+250788123456", "+250788123456"),
        ("+250-788-123-456", "+250788123456"),
        ("788123456", "788123456"),
        ("123456789012345", "123456789012345"),
    ],
)
def test_a_number_that_can_be_rung(typed: str, kept: str) -> None:
    assert checks.phone_number(typed) == kept


@pytest.mark.parametrize(
    "typed", ["112", "0788", "abc", "", "1234567890123456", "++250788123456", "07X88123456"]
)
def test_half_a_number_cannot_be_rung(typed: str) -> None:
    with pytest.raises(Refused, match="whole phone number"):
        checks.phone_number(typed)


@given(anything, st.sampled_from(EVERY_CHECK))
def test_whatever_is_typed_is_kept_or_refused(typed: str, check: Callable[[str], str]) -> None:
    kept, refusal = attempt(check, tidy(typed))
    if kept is None:
        assert refusal in REFUSALS, "a refusal never quotes what was typed"
    else:
        assert 2 <= len(kept) <= checks.LONGEST
        assert set(kept) <= set(tidy(typed)) | {"+"}


def test_refusals_leave_room_for_the_question() -> None:
    assert all(gsm7.septets(text) <= 40 for text in REFUSALS)


REFUSALS = {
    "The code has at least 6 digits.",
    "One digit of the code is wrong.",
    "Please type 4 digits.",
    "Too easy to guess. Type 4 other digits.",
    "Please type at least 2 letters.",
    "Type the whole phone number.",
}
SPACING = str.maketrans("", "", " -.")


def attempt(check: Callable[[str], str], typed: str) -> tuple[str | None, str]:
    """What is kept, or why nothing is."""
    try:
        return check(typed), ""
    except Refused as refused:
        return None, str(refused)
