"""A provider's form, read as it came: nothing is dropped, guessed, or read without end."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from flask import Request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.web import bodies
from gateway.web.bodies import LARGEST_NOTICE, LARGEST_STEP
from gateway.web.forms import MOST_FIELDS, NotAForm, fields

steady = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
"""The same examples at every run, however busy the machine is."""


def request(body: bytes, **environ: object) -> Request:
    """A request as a WSGI server hands it over."""
    return Request(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **environ,
        }
    )


def read(body: bytes, largest: int = LARGEST_STEP) -> Mapping[str, str]:
    return fields(bodies.read(request(body).environ, largest))


def test_a_form_is_its_fields() -> None:
    assert read(b"text=1%2A2&phoneNumber=%2B250788&empty=") == {
        "text": "1*2",
        "phoneNumber": "+250788",
        "empty": "",
    }


@pytest.mark.parametrize(
    "text", ["", "*", "1**2", "1*", " 1 ", "a+b", "é", "١", "+", "%", "&", "="]
)
def test_every_answer_comes_through_as_it_was_typed(text: str) -> None:
    assert read(urlencode({"text": text}).encode())["text"] == text


def test_letters_that_were_not_escaped_are_read_as_well() -> None:
    assert read("text=Musée".encode())["text"] == "Musée"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"text=%FF", "�"),
        (b"text=\xff", "�"),
        (b"text=%E2%82*1", "�*1"),
        (b"text=%00", "�"),
        (b"text=\x00", "�"),
        (b"text=1%2A%C0%802", "1*��2"),
        (b"text=%", "%"),
        (b"text=%zz", "%zz"),
    ],
)
def test_what_is_no_text_is_seen_to_be_none(body: bytes, text: str) -> None:
    assert read(body) == {"text": text}


def test_the_last_of_a_field_given_twice_counts() -> None:
    assert read(b"text=1&text=2&text=") == {"text": ""}


@pytest.mark.parametrize("body", [b"", b"&&&", b"\0", b"{}", b"--boundary\r\n"])
def test_what_is_no_form_has_no_fields_of_ours(body: bytes) -> None:
    assert not {"text", "sessionId", "phoneNumber"} & set(read(body))


@pytest.mark.parametrize("largest", [LARGEST_STEP, LARGEST_NOTICE])
def test_a_body_has_a_size(largest: int) -> None:
    assert read(b"a=".ljust(largest, b"x"), largest)
    with pytest.raises(NotAForm):
        read(b"a=".ljust(largest + 1, b"x"), largest)


def test_a_body_of_unsaid_length_is_read_no_further_than_it_may_be() -> None:
    endless = Endless()
    chunked = request(b"", **{"wsgi.input": endless, "wsgi.input_terminated": True})
    del chunked.environ["CONTENT_LENGTH"]
    with pytest.raises(NotAForm):
        bodies.read(chunked.environ, LARGEST_STEP)
    assert endless.given <= LARGEST_STEP + 1


class Endless(io.RawIOBase):
    """A body that never ends, and counts what was taken of it."""

    given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert 0 <= size < sys.maxsize, "nobody may ask for all of it"
        self.given += size
        return b"x" * size


def test_a_form_has_a_number_of_fields() -> None:
    fields = "&".join(f"f{number}=1" for number in range(MOST_FIELDS))
    assert len(read(fields.encode())) == MOST_FIELDS
    with pytest.raises(NotAForm):
        read(f"{fields}&one=more".encode())


def test_what_is_refused_is_not_quoted() -> None:
    with pytest.raises(NotAForm) as refused:
        read(b"phoneNumber=%2B250788123456&x=".ljust(5000, b"1"))
    assert "788123456" not in str(refused.value)


@steady
@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=60), max_size=9))
def test_any_fields_come_through(fields: dict[str, str]) -> None:
    expected = {name: value.replace("\0", "�") for name, value in fields.items()}
    assert read(urlencode(fields).encode(), LARGEST_NOTICE) == expected


@steady
@given(st.binary(max_size=5000))
def test_any_bytes_are_a_form_or_none(body: bytes) -> None:
    try:
        found = read(body)
    except NotAForm:
        return
    assert all("\0" not in value for value in found.values())
