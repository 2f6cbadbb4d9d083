"""`python -m menutools.catalogues check` or `update`, for `make check` and `make catalogues`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from gateway.country.pack import COUNTRIES, load_country
from gateway.country.translations import LOCALES
from menutools.catalogues.faults import problems
from menutools.catalogues.updating import update


def check() -> int:
    """Print every fault of the catalogues of all countries' languages; the exit status."""
    packs = (load_country(path.parent.name) for path in COUNTRIES.glob("*/country.toml"))
    languages = sorted({language for pack in packs for language in pack.languages})
    found = problems(LOCALES, languages)
    print("\n".join(found) or f"The catalogues have no fault: {', '.join(languages)}.")
    return 1 if found else 0


def bring_up_to_date() -> int:
    """Merge what the menus say now into every catalogue, and print which files changed."""
    for path in update(LOCALES):
        print(path.relative_to(LOCALES.parent))
    return 0


COMMANDS: dict[str, Callable[[], int]] = {"check": check, "update": bring_up_to_date}


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in COMMANDS]:
        sys.exit(f"one of these is needed: {', '.join(COMMANDS)}")
    sys.exit(COMMANDS[sys.argv[1]]())
