"""`make bench`: runs the parts that are named, or all, and keeps the figures in build/bench.json.

python -m bench                    everything, in a quarter of an hour
python -m bench step burst         two parts
python -m bench --quick            whether every part still works; its figures mean nothing
python -m bench --show             the tables of the last run, as Markdown

A target that is missed is printed as such and fails nothing: a figure depends on the machine. What
ends with status 1 is a part that broke, by a wrong answer above all.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.tables import Part, Table, Target, Unavailable, markdown, plain

PARTS: Final[Mapping[str, str]] = {
    "dialogue": "one turn of the menus without I/O, and the search for a place",
    "step": "the whole step against floors in the same server; a report with its commit",
    "peers": "the same screens in other people's USSD libraries",
    "burst": "256 and 1,000 connections at once; memory before and after 100,000 steps",
    "scale": "steps a second with one and two processes",
    "alerts": "a thousand alerts against one RQ job for each SMS",
    "storage": "report commits against bare inserts of the same rows",
    "queries": "what staff, clocks and monitors ask, at 100,000 reports",
    "start": "make demo until the first screen, warm and cold",
}
"""Each is a module of this package; what of them is not there yet is left out."""

RESULTS: Final = Path("build/bench.json")


def main() -> int:
    """Measure or show; the exit status."""
    parser = argparse.ArgumentParser(prog="bench", description="What the line costs.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="prove that it works, in seconds")
    parser.add_argument("--show", action="store_true", help="the last run, as Markdown")
    parser.add_argument("--json", type=Path, default=RESULTS, help=f"default: {RESULTS}")
    given = parser.parse_args()
    if strange := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(strange))}")
    if given.show:
        return _show(given.json, given.parts)
    return measure(given.parts or list(PARTS), given.json, quick=given.quick)


def measure(names: Sequence[str], kept: Path, *, quick: bool) -> int:
    """Measure some parts; 1 when one of them broke."""
    report: dict[str, Any] = {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": machine.machine(),
        "versions": machine.versions(),
        "parts": {},
    }
    for name in names:
        print(f"\n== {name}: {PARTS[name]}", flush=True)
        report["parts"][name] = _part(name, quick=quick)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    broken = [name for name, part in report["parts"].items() if "broke" in part]
    print(f"\n{kept} holds the figures.", *(f"{name} broke." for name in broken))
    return int(bool(broken))


def _part(name: str, *, quick: bool) -> Mapping[str, Any]:
    """What one part found, printed as soon as it is known."""
    began = time.monotonic()
    try:
        part: Part = import_module(f"bench.{name}")
        tables = part.run(quick=quick)
    except Unavailable as reason:
        print(f"left out: {reason}")
        return {"left_out": str(reason)}
    except Exception as error:  # noqa: BLE001  One part that breaks does not cost the others.
        traceback.print_exc()
        return {"broke": type(error).__name__}
    for each in tables:
        print(plain(each), flush=True)
    seconds = round(time.monotonic() - began, 1)
    print(f"({seconds:g} s)", flush=True)
    return {"seconds": seconds, "tables": [asdict(each) for each in tables]}


def _show(kept: Path, names: Sequence[str]) -> int:
    report = json.loads(kept.read_text("utf-8"))
    print(f"{report['taken_at']}: {report['machine']}\n\n{report['versions']}\n")
    for name, part in report["parts"].items():
        if not names or name in names:
            print(f"### {name}: {PARTS.get(name, '')}\n")
            print("\n\n".join(markdown(table(one)) for one in part.get("tables", ())))
            print(part.get("left_out", ""))
    return 0


def table(kept: Mapping[str, Any]) -> Table:
    """A table as the file keeps it."""
    return Table(**{**kept, "targets": [Target(**one) for one in kept["targets"]]})


if __name__ == "__main__":
    sys.exit(main())
