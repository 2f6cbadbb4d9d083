"""A country is a folder of facts: no other file of the line knows which one it serves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rules.sources import SHIPPED, none_of, text, tracked

FIRST = Path("gateway/countries/rw")
"""The country that the line was first built for; its facts belong here and nowhere else."""

WORDS = re.compile(
    r"""Rwanda\w*|Kigali|\bRWF?\b|(?<=["'])rw(?=["'])"""  # the country and its money
    r"|\bISANGE\b|\bRIB\b"  # its centres and its investigators
    r"|\+250|\b(?:3029|3512)\b"  # its telephone numbers
)

ALLOWED = {
    ("commands/sandbox.py", "rw"): "the demo needs some country when nobody names one",
    ("commands/menus.py", "rw"): "so do the drawings of the dialogue",
    (
        "gateway/runtime/settings.py",
        "rw",
    ): "so does a service, but production refuses what is not verified",
    ("sandbox/demo/demo.py", "ISANGE"): "how this very program is started, named after it",
    ("sandbox/terminal/dial.py", "+250"): "a made-up caller: to any other country she is roaming",
    ("sandbox/terminal/dial.py", "3029"): "a made-up code, for an application of any country",
    ("commands/sandbox.py", "+250"): "shows how a number is written with its country in front",
    ("gateway/web/networks/hubtel.py", "Rwanda"): "says where a gateway of that shape is met",
    (
        "gateway/runtime/phones.py",
        "+250",
    ): "shows how a number is written with its country in front",
    ("gateway/runtime/phones.py", "RW"): "shows what a region is",
    ("menus/ports.py", "ISANGE"): "shows what a reception may be asked for",
    ("menus/ports.py", "RIB"): "shows what an investigator's short name may be",
}
"""By file and word, why it may stand there. Nothing here decides what a caller sees."""


def test_only_its_own_folder_knows_the_first_country() -> None:
    none_of(
        (f"{path}: {word}" for path, word in _found() if (path, word) not in ALLOWED),
        "make these a fact of the country (gateway/countries/, gateway/country/pack.py), or say in "
        "ALLOWED why they are the same for every country",
    )


def test_what_is_allowed_is_still_there() -> None:
    none_of(
        (f"{path}: {word}" for path, word in ALLOWED.keys() - _found()),
        "strike these from ALLOWED: they are mended",
    )


@pytest.mark.parametrize(
    "line",
    [
        'currency = "RWF"',
        "# as in Rwanda",
        'country = "rw"',
        "desk = 'ISANGE'",
        "call +250788123456",
        'zone = "Africa/Kigali"',
        "dial 3029",
    ],
)
def test_what_belongs_to_the_first_country_is_seen(line: str) -> None:
    assert WORDS.search(line)


@pytest.mark.parametrize(
    "line", ['environ["ISANGE_ENV"]', "isange demo", "Kinyarwanda", "RIBBON", "*384*30290#", "rw"]
)
def test_what_belongs_to_every_country_is_not(line: str) -> None:
    assert not WORDS.search(line)


def _found() -> set[tuple[str, str]]:
    paths = [path for path in tracked() if path.parts[0] in SHIPPED]
    return {
        (str(path), word)
        for path in paths
        if not path.is_relative_to(FIRST)
        for word in WORDS.findall(text(path))
    }
