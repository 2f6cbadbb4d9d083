"""The scan finds what it looks for in every shape, and never anything that is not there."""

from __future__ import annotations

import secrets

import pytest

from tests.leaks import canaries
from tests.leaks.encodings import ENCODINGS, readings


def found(data: bytes) -> set[str]:
    return {one for text in readings(data) for one in canaries.found_in(text)}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("secret", [canaries.number(1234), canaries.word(77)])
@pytest.mark.parametrize("around", [b"", b"{'to': '", bytes(range(64, 256))])
def test_a_canary_is_found_in_every_shape(encoding: str, secret: str, around: bytes) -> None:
    planted = around + b" " + ENCODINGS[encoding](secret) + b" " + around[::-1]
    assert secret in found(planted)


@pytest.mark.parametrize("outer", ["base64", "hex", "zlib", "gzip", "UTF-16 LE"])
@pytest.mark.parametrize("inner", ["base64", "hex", "base64 of zlib", "URL, all of it"])
def test_a_shape_within_a_shape(outer: str, inner: str) -> None:
    secret = canaries.number(42)
    assert secret in found(ENCODINGS[outer](ENCODINGS[inner](secret).decode()))


def test_nothing_is_found_where_nothing_is() -> None:
    """Random bytes, hashes and times look like much, and are none of it."""
    noise = b"".join(
        secrets.token_bytes(4000) + secrets.token_hex(2000).encode() for _ in range(20)
    )
    assert found(noise) == set()


def test_at_least_a_dozen_shapes_are_known() -> None:
    assert len(ENCODINGS) >= 12
