"""How long an SMS gets when its {placeholders} are filled in: one segment, always."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from menus import gsm7, messages
from menutools.catalogues.extraction import Text, placeholders

_MODULE: Final = "menus/messages.py"

LONGEST: Final = {
    "service": "S" * 10,
    "ref": "9" * 9,
    "priority": "P1",
    "minutes": "240",
    "digits": "9999",
    "dial": "*" * 9,
    "kind": "k" * 24,
    "head": "h" * 29,
    "until": "31/12",
    "own": "OFF",
}
"""The longest value of each placeholder of an SMS, in septets; {role} and {duty} are looked up."""


def sms_too_long(texts: Iterable[Text], catalogue: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """The messages over one segment, as English text and septets when filled in."""
    roles = [catalogue.get(role.text, role.text) for role in messages.ROLES.values()]
    everybody = ", ".join(f"{role} {LONGEST['until']}" for role in roles)
    values = {**LONGEST, "role": max(roles, key=len), "duty": everybody}
    for text in texts:
        if _MODULE not in text.modules:
            continue
        if unknown := placeholders(text.english) - values.keys():
            raise LookupError(f"say in LONGEST how long these may be: {sorted(unknown)}")
        said = catalogue.get(text.english, text.english).format_map(values)
        if (septets := gsm7.septets(gsm7.plain(said))) > gsm7.PAGE:
            yield text.english, septets
