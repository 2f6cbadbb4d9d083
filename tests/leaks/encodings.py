"""The shapes in which something said may lie about, and how each is undone.

`ENCODINGS` makes them, to plant them. `readings` undoes them: every text that may be hidden in some
bytes, and in those texts again, since a job of RQ is base64 in JSON in zlib in a dump.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

Encoding = Callable[[str], bytes]

DEPTH: Final = 3
"""Shapes within shapes that are undone."""

LONGEST: Final = 1 << 20
"""Bytes of a packed stream that are looked at."""

SHORTEST: Final = 8
"""Bytes below which nothing that we look for can be."""


def _local(text: str) -> str:
    return text.replace("+250", "0")


def _spaced(text: str) -> str:
    return re.sub(r"(\+250)(\d{3})(\d{3})(\d{3})", r"\1 \2 \3 \4", text)


def _escaped(text: str) -> bytes:
    return "".join(f"\\u{ord(letter):04x}" for letter in text).encode()


def _deflated(text: str) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text.encode()) + packer.flush()


ENCODINGS: Final[Mapping[str, Encoding]] = {
    "raw": lambda text: text.encode(),
    "local form": lambda text: _local(text).encode(),
    "spaced form": lambda text: _spaced(text).encode(),
    "dashed form": lambda text: _spaced(text).replace(" ", "-").encode(),
    "digits only": lambda text: text.replace("+", "").encode(),
    "zlib": lambda text: zlib.compress(text.encode()),
    "gzip": lambda text: gzip.compress(text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 inside": lambda text: base64.b64encode(b"{" + text.encode() + b"}"),
    "base64 of zlib": lambda text: base64.b64encode(zlib.compress(text.encode())),
    "URL-safe base64": lambda text: base64.urlsafe_b64encode(b"\xff\xfe" + text.encode()),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "URL": lambda text: quote_from_bytes(text.encode(), safe="").encode(),
    "URL, all of it": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "JSON escapes": _escaped,
    "JSON string": lambda text: json.dumps({"x": text}).encode(),
    "UTF-16 LE": lambda text: text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: text.encode("utf-16-be"),
    "UCS-2 hex": lambda text: text.encode("utf-16-be").hex().encode(),
    "bytea": lambda text: b"\\x" + text.encode().hex().encode(),
    "backwards": lambda text: text[::-1].encode(),
}
"""By name, how a text is put."""


def readings(data: bytes, depth: int = DEPTH) -> Iterator[str]:
    """Every text that `data` may hold, itself among them. The same one may come twice."""
    text = data.decode("latin-1")
    yield text
    yield text[::-1]
    if depth == 0:
        return
    for inner in _inside(data, text):
        if len(inner) >= SHORTEST:
            yield from readings(inner, depth - 1)


def _inside(data: bytes, text: str) -> Iterator[bytes]:
    """What each way of undoing finds, all of it in one piece: runs are short, and many."""
    for undo in (_wide, _packed, _base64, _hex, _url, _json):
        for found in undo(data, text):
            yield b"\n".join(found)


def _wide(data: bytes, text: str) -> Iterator[list[bytes]]:
    """UTF-16 of plain letters, either way round: every other byte is nothing."""
    for pattern in (rb"(?:[\x20-\x7e]\x00){5,}[\x20-\x7e]?", rb"(?:\x00[\x20-\x7e]){5,}"):
        yield [found.replace(b"\x00", b"") for found in re.findall(pattern, data)]


def _packed(data: bytes, text: str) -> Iterator[list[bytes]]:
    """Streams of zlib and gzip wherever they begin."""
    unpacked, whole = [], memoryview(data)
    for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08", data):
        try:
            stream = whole[found.start() : found.start() + LONGEST]
            unpacked.append(zlib.decompressobj(wbits=47).decompress(stream))
        except zlib.error:
            continue
    yield unpacked


def _base64(data: bytes, text: str) -> Iterator[list[bytes]]:
    """Runs of base64, at each of the four places where a run may really begin."""
    runs = [run.translate(_PLAIN) for run in re.findall(rb"[A-Za-z0-9+/_-]{12,}", data)]
    for start in range(4):
        yield [_undone(run[start:]) for run in runs]


def _undone(run: bytes) -> bytes:
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


_PLAIN: Final = bytes.maketrans(b"-_", b"+/")


def _hex(data: bytes, text: str) -> Iterator[list[bytes]]:
    runs = re.findall(rb"[0-9a-fA-F]{16,}", data)
    for start in range(2):
        yield [binascii.unhexlify(run[start : len(run) - (len(run) - start) % 2]) for run in runs]


def _url(data: bytes, text: str) -> Iterator[list[bytes]]:
    undone = unquote_to_bytes(data) if b"%" in data else data
    if undone != data:
        yield [undone]


def _json(data: bytes, text: str) -> Iterator[list[bytes]]:
    """Escapes of JSON, or of JSON in JSON, where they stand."""
    undone = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if undone != text:
        yield [undone.encode("latin-1")]


_ESCAPE: Final = re.compile(r"\\+u00([0-9a-fA-F]{2})")
