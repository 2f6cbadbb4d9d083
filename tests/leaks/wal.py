"""PostgreSQL's write-ahead log as one text, without what stands between its pages.

What does not fit in the rest of a page goes on behind the header of the next, so that a row which
is written in one piece may lie in two. Sizes as in `src/include/access/xlog_internal.h`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PAGE: Final = 8192
"""Bytes of a page, unless PostgreSQL was built otherwise."""

HEADER: Final = 24
LONG_HEADER: Final = 40
"""Bytes before the records of a page, and of the first one of a file."""

IS_LONG: Final = 0x0002
"""The bit of `xlp_info`, the second half-word of a page, that tells which of both it is."""

OVERLAP: Final = 4096
"""Bytes of a file that are read again with the next, for what lies across their border."""

_SEGMENT: Final = re.compile(r"[0-9A-F]{24}")


def stream(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The name of every file of the log in the order of writing, and what records it holds."""
    before = b""
    for path in sorted(folder.iterdir()):
        if _SEGMENT.fullmatch(path.name):
            records = b"".join(_pages(path.read_bytes())).rstrip(b"\0")
            yield path.name, before + records
            before = records[-OVERLAP:]


def _pages(segment: bytes) -> Iterator[bytes]:
    for start in range(0, len(segment), PAGE):
        (info,) = struct.unpack_from("<H", segment, start + 2)
        yield segment[start + (LONG_HEADER if info & IS_LONG else HEADER) : start + PAGE]
