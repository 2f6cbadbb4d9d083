"""Whatever is sent to the line, a phone gets a screen, and the next caller is served."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.runtime import callbacks
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import DANGER, FIRST, HELP, UssdWire, counted, form, rows, wire
from tests.samples import CALLER, SECRET
from tests.shared_parts import SharedParts

_ids = itertools.count(1)

steady = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""The same examples at every run; they share one process, as callers do."""


@pytest.fixture
def another_network(process: Process) -> UssdWire:
    """A network that sends the newest input alone, as JSON."""
    client = wire(process(ISANGE_NETWORKS="hubtel")).client
    return UssdWire(client, callbacks.url("", SECRET, "hubtel"))


def fresh() -> str:
    """A session id that was not used before."""
    return f"ATUid_hostile_{next(_ids)}"


def still_serves(calls: UssdWire) -> bool:
    """Whether an ordinary call works afterwards."""
    session = fresh()
    steps = [calls.step(text, sessionId=session) for text in ("", "1", DANGER)]
    return steps[0].startswith(FIRST) and steps[2].startswith("CON Is it safe for us to call THIS")


@pytest.mark.parametrize("field", ["sessionId", "phoneNumber"])
@pytest.mark.parametrize("value", [None, "", "   "])
def test_without_a_session_or_a_number_there_is_help(
    parts: SharedParts, calls: UssdWire, field: str, value: str | None
) -> None:
    before = rows(parts)
    assert calls.step("1*1*1", **{field: value}) == HELP
    assert rows(parts) == before


@pytest.mark.parametrize("field", ["text", "serviceCode", "networkCode"])
@pytest.mark.parametrize("value", [None, ""])
def test_without_the_other_fields_the_call_begins(
    calls: UssdWire, field: str, value: str | None
) -> None:
    assert calls.post(form("", **{field: value})).startswith(FIRST)


@pytest.mark.parametrize(
    "number",
    ["abc", "+", "12", "+1234", "+250788123456789012345", "0", "*", "x" * 5000],
)
def test_what_is_no_number_gets_help_and_is_never_quoted(calls: UssdWire, number: str) -> None:
    before = counted("unusable")
    assert calls.step("", phoneNumber=number) == HELP
    assert counted("unusable") == before + 1


@pytest.mark.parametrize(
    "number", ["+254711000001", "+33612345678", "+14155552671", "+8613800138000"]
)
def test_a_foreign_number_is_as_good_as_any(
    parts: SharedParts, calls: UssdWire, number: str
) -> None:
    assert calls.walk("1*1*1", phoneNumber=number).startswith("END Your request is sent.")


@pytest.mark.parametrize(
    "number", ["٠٧٨٨١٢٣٤٥٦", "０７８８１２３４５６", "+250 788-123-456", "250788123456"]
)
def test_a_number_in_other_digits_or_spellings_is_the_same_number(
    calls: UssdWire, number: str
) -> None:
    calls.step("")
    assert calls.step("1", phoneNumber=number).startswith("CON In danger now?")


@pytest.mark.parametrize("session_id", ["x" * 121, "x" * 3000])
def test_a_session_id_that_no_network_gives_gets_help(calls: UssdWire, session_id: str) -> None:
    assert calls.step("", sessionId=session_id) == HELP


@pytest.mark.parametrize("session_id", ["x" * 120, "-", "0", "../../etc/passwd", "é\0*", "{}"])
def test_any_other_session_id_is_a_session(calls: UssdWire, session_id: str) -> None:
    calls.step("", sessionId=session_id)
    assert calls.step("1", sessionId=session_id).startswith("CON In danger now?")


@pytest.mark.parametrize("typed", ["1", "1.", "#1", " 1 ", "１", "١", "۱", "(1)", "1#", "०१"])
def test_a_key_is_a_key_however_the_phone_writes_it(calls: UssdWire, typed: str) -> None:
    calls.step("")
    assert calls.step(typed).startswith("CON In danger now?")


@pytest.mark.parametrize("typed", ["10", "-1", "1.5", "one", "1e0", "99", "\0", "�", "%", "\n"])
def test_what_is_no_key_is_explained(calls: UssdWire, typed: str) -> None:
    calls.step("")
    body = calls.step(typed)
    assert body.startswith(("CON Please type 1-8.", "CON You typed nothing."))


def test_a_thousand_characters_are_read_and_one_more_is_not(calls: UssdWire) -> None:
    assert calls.step("1" * 1000, sessionId="exact").startswith("CON ")
    assert calls.step("1" * 1001, sessionId="over") == HELP
    calls.walk("2*1")
    assert calls.step("2*1*" + "x" * 997) == HELP
    assert calls.step("2*1*1").startswith("CON Your age?")


def test_sixty_four_parts_are_read_and_one_more_is_not(calls: UssdWire) -> None:
    assert calls.step("*".join("9" * 64), sessionId="exact").startswith("CON ")
    assert calls.step("*".join("9" * 65), sessionId="over") == HELP


@pytest.mark.parametrize("size", [4097, 5 * 1024, 1_000_000])
def test_a_body_beyond_four_kibibytes_gets_help(calls: UssdWire, size: int) -> None:
    body = b"phoneNumber=%2B250788123456&sessionId=a&text=&padding="
    assert calls.post(body.ljust(4096, b"x")).startswith(FIRST)
    assert calls.post(body.ljust(size, b"x")) == HELP


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_wrong_method_is_answered_all_the_same(calls: UssdWire, method: str) -> None:
    answer = calls.client.open(calls.url, method=method)
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert answer.get_data(as_text=True) == ("" if method == "HEAD" else HELP)


def test_json_multipart_and_nothing_at_all_get_help(calls: UssdWire) -> None:
    assert calls.post(json.dumps(form()).encode(), "application/json") == HELP
    assert calls.post(b"", "application/x-www-form-urlencoded") == HELP
    answer = calls.client.post(calls.url, data=form(), content_type="multipart/form-data")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, HELP)


@pytest.mark.parametrize(
    "text",
    [
        b"%FF%FE",
        b"\xff\xfe",
        b"%E2%82",
        b"1%2A%C0%80",
        b"%00",
        b"1%2A%00",
        b"%ED%A0%80",
        b"%",
        b"%zz",
    ],
)
def test_bytes_that_are_no_text_are_a_wrong_answer(calls: UssdWire, text: bytes) -> None:
    session = fresh()
    begun = b"phoneNumber=%2B250788123456&sessionId=" + session.encode() + b"&text="
    assert calls.post(begun).startswith(FIRST)
    assert calls.post(begun + text).startswith("CON ")
    assert calls.post(begun + text) == calls.post(begun + text)
    assert calls.post(begun + text + b"%2A1").startswith("CON In danger now?")


def test_more_fields_than_any_form_has_get_help(calls: UssdWire) -> None:
    assert calls.post(b"&".join(b"a=1" for _ in range(41))) == HELP


def test_afterwards_an_ordinary_call_works(calls: UssdWire) -> None:
    for body in (b"\0" * 4096, b"&" * 4000, b"text=" + b"%2A" * 1000, b"=" * 5000):
        assert calls.post(body) == HELP
    assert still_serves(calls)


@steady
@given(body=st.binary(max_size=6000))
def test_any_bytes_at_all_get_help(calls: UssdWire, body: bytes) -> None:
    assert calls.post(body) == HELP


@steady
@given(
    form=st.fixed_dictionaries(
        {
            "phoneNumber": st.just(CALLER) | st.text(max_size=40),
            "sessionId": st.text(max_size=130),
            "text": st.text(max_size=1100),
        },
        optional={
            "serviceCode": st.text(max_size=40),
            "networkCode": st.text(max_size=40),
            "unheard": st.text(max_size=40),
        },
    )
)
def test_any_values_at_all_get_a_screen(calls: UssdWire, form: dict[str, str]) -> None:
    assert calls.post(form).startswith(("CON ", "END "))


typing = st.lists(
    st.sampled_from([*"0123456789", "", "*", "1*", "huye", "2580", "+250788111222", "٣", " 2 "])
    | st.text(max_size=12),
    max_size=12,
)


@steady
@given(keys=typing)
def test_any_typing_in_a_live_call_keeps_it_alive(calls: UssdWire, keys: list[str]) -> None:
    session, text = fresh(), ""
    body = calls.step("", sessionId=session)
    for key in keys:
        if body.startswith("END"):
            break
        text = f"{text}*{key}" if text else key
        body = calls.step(text, sessionId=session)
        assert calls.step(text, sessionId=session) == body
    assert still_serves(calls)


@steady
@given(
    body=st.binary(max_size=5000) | st.text(max_size=200).map(lambda one: json.dumps(one).encode())
)
def test_any_bytes_at_all_get_help_from_the_other_kind_of_network(
    another_network: UssdWire, body: bytes
) -> None:
    answer = another_network.client.post(another_network.url, data=body)
    assert (answer.status_code, answer.json) == (200, {"Type": "Release", "Message": HELP[4:]})
