"""`python -m tests.supply.secret_scan` (in `make check`): no secret of anybody lies in the project.

detect-secrets knows what secrets look like, and two rules of our own know our key files. A finding
is told by where it is and never quoted, and none is tried out at the service that it belongs to.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_file
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.settings import transient_settings

from tests.rules.sources import ROOT, tracked

WORDS: Final = "KeywordDetector"
CHANCE: Final = ("Base64HighEntropyString", "HexHighEntropyString")

FILTERS: Final = (
    *("is_indirect_reference", "is_likely_id_string", "is_not_alphanumeric_string"),
    *("is_potential_uuid", "is_prefixed_with_dollar_sign", "is_sequential_string"),
    "is_templated_secret",
)
"""What detect-secrets overlooks. Not among them: its mark that allows a line by a remark on it, and
trying a secret out."""

MAY_BE_CHANCE: Final = re.compile(r"""["'](?:[0-9a-fA-F]{8,}|[\w+/=-]{23,})["']""")
"""All that has entropy enough for the detectors of `CHANCE`: fewer letters cannot."""

DATA: Final = frozenset({".lock", ".csv", ".json", ".po", ".svg"})
"""Numbers without end: only what has the shape of a known kind of secret is looked for there."""

MADE_UP: Final = ("tests/", "bench/")
"""Where passwords are called passwords, and are none."""

ALLOWED: Final[Mapping[str, Mapping[str, int]]] = {
    "the words of an answer about a secret": {"gateway/cases/case_file.py: Secret Keyword": 2},
    "how an address is written, with `password` in it": {
        "docs/settings.md: Basic Auth Credentials": 1
    },
    "the stand-in's own key, which opens nothing": {"docs/stand-in.md: Secret Keyword": 1},
    "known values that formats on disk are held against": {
        "tests/gateway/vault/test_formats.py: Base64 High Entropy String": 7,
        "tests/gateway/vault/test_formats.py: Hex High Entropy String": 2,
    },
}
"""How often a kind of finding is known in a file, by the reason why it is no secret."""

KEY_FILE: Final = re.compile(r"[a-z]+-\d{8}[a-z]\.(private|secret|next)")
KEY_LINE: Final = re.compile(r"^\s*[A-Za-z0-9+/]{43}=\s*$", re.MULTILINE)
"""The 32 bytes of a key of ours, alone on a line."""


class Finding(NamedTuple):
    """Where something lies that looks like a secret, and of which kind."""

    path: Path
    line: int
    kind: str


def findings(root: Path, paths: Iterable[Path]) -> Iterator[Finding]:
    """What looks like a secret in these files, known or not; paths are relative to `root`."""
    to_scan: dict[frozenset[str], list[Path]] = defaultdict(list)
    for path in paths:
        content = _text(root / path)
        yield from _our_keys(path, content)
        to_scan[_detectors(path, content)].append(path)
    for detectors, group in to_scan.items():
        yield from _scanned(root, group, detectors)


def unknown(found: Iterable[Finding]) -> list[Finding]:
    """Findings without those that are allowed; all of a kind in a file when there are more."""
    known = {place: count for places in ALLOWED.values() for place, count in places.items()}
    of_place: dict[str, list[Finding]] = defaultdict(list)
    for one in found:
        of_place[f"{one.path.as_posix()}: {one.kind}"].append(one)
    return sorted(
        one
        for place, group in of_place.items()
        if len(group) > known.get(place, 0)
        for one in group
    )


def _our_keys(path: Path, content: str) -> Iterator[Finding]:
    if KEY_FILE.fullmatch(path.name):
        yield Finding(path, 1, "a key file of the vault")
    for key in KEY_LINE.finditer(content):
        yield Finding(path, content.count("\n", 0, key.end()) + 1, "a key of the vault")


def _detectors(path: Path, content: str) -> frozenset[str]:
    """Those that can find something: looking at a file as a whole first is ten times as quick."""
    names = {name for name, shapes in _shapes().items() if any(s.search(content) for s in shapes)}
    if path.suffix not in DATA:
        if path.suffix != ".py" or MAY_BE_CHANCE.search(content):
            names.update(CHANCE)
        if not path.as_posix().startswith(MADE_UP):
            names.add(WORDS)
    return frozenset(names)


@cache
def _shapes() -> Mapping[str, tuple[re.Pattern[str], ...]]:
    """The detectors that go by the shape of a secret alone."""
    every: Iterable[type] = get_mapping_from_secret_type_to_class().values()
    return {
        one.__name__: tuple(one().denylist) for one in every if issubclass(one, RegexBasedDetector)
    }


def _scanned(root: Path, paths: Iterable[Path], detectors: frozenset[str]) -> Iterator[Finding]:
    settings = {
        "plugins_used": [{"name": name} for name in sorted(detectors)],
        "filters_used": [{"path": f"detect_secrets.filters.heuristic.{one}"} for one in FILTERS],
    }
    if detectors:
        with transient_settings(settings):
            for path in paths:
                for secret in scan_file(str(root / path)):
                    yield Finding(path, secret.line_number, secret.type)


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "ignore")


def main() -> int:
    """Say where secrets lie; 1 when there are any."""
    paths = tracked()
    found = unknown(findings(ROOT, paths))
    for one in found:
        print(f"{one.path}:{one.line}: {one.kind}")
    if found:
        print("take these out, and change each that was a real one: git remembers it")
        return 1
    print(f"no secret in {len(paths)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
