"""How several strings become one byte string, and how lengths are hidden, before any cipher.

Both formats are on disk for as long as the reports are: changing them makes old rows unreadable.
"""

from __future__ import annotations


def encode_parts(*parts: str) -> bytes:
    """Join strings so that no two different lists of strings give the same bytes.

    Each part is its length in UTF-8 bytes (4 bytes, big endian) and the bytes. Any `str` is
    accepted, lone surrogates too: what a caller typed must not become an error that quotes it.
    """
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def pad(plaintext: bytes, block: int) -> bytes:
    """Fill up to a multiple of `block` bytes: one 0x80, then zeros (ISO/IEC 7816-4).

    A cipher text is as long as its plain text. Without this, who steals the database tells
    "older" from "within_72h", and a short telephone number from a long one, without any key.
    """
    return plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % block)


def unpad(padded: bytes) -> bytes | None:
    """Undo `pad`; None when this was never padded."""
    marked = padded.rstrip(b"\x00")
    return marked[:-1] if marked.endswith(b"\x80") else None
