"""`make sbom`: every component of requirements.lock with its hashes, as CycloneDX JSON.

cyclonedx-py writes it. It also writes at which index each file lies, which is true on one machine
and a guess on all others; every address is taken out. Without a date and a serial number the same
lock always makes the same file, so it is made anew whenever it is wanted.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.rules.sources import ROOT

LOCK: Final = ROOT / "requirements.lock"
PROJECT: Final = ROOT / "pyproject.toml"
PIN: Final = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)", re.MULTILINE)


class Unfit(ValueError):
    """The list does not name what the lock does, or names a place."""


def tidied(written: str, lock: str) -> str:
    """The list as we give it out. Raises Unfit when a pin or a hash of the lock is missing."""
    bom: dict[str, Any] = json.loads(written)
    schema = bom.pop("$schema", "")
    for tool in bom["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)
    for component in bom["components"]:
        component.pop("description", None)
        for reference in component.get("externalReferences", ()):
            reference.pop("comment", None)
            reference["url"] = component["purl"]
    listed = {(one["name"], one["version"]) for one in bom["components"]}
    if listed != set(PIN.findall(lock)):
        raise Unfit("the list of components and requirements.lock name different versions")
    text = json.dumps(bom, sort_keys=True)
    missing = [one for one in re.findall(r"--hash=sha256:(\w+)", lock) if one not in text]
    if missing:
        raise Unfit(f"{len(missing)} hashes of requirements.lock are not in the list")
    if "://" in text:
        raise Unfit("the list holds an address: see what cyclonedx-py has begun to write")
    return json.dumps({"$schema": schema, **bom}, indent=1, sort_keys=True) + "\n"


def main(program: str, target: str) -> int:
    """Write the list to a file with this cyclonedx-py."""
    command = [program, "requirements", str(LOCK), "--pyproject", str(PROJECT)]
    options = ["--mc-type", "application", "--output-reproducible", "--output-format", "JSON"]
    try:
        told = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no list of components: cyclonedx-py did not run ({type(error).__name__})")
        return 1
    text = tidied(told.stdout, LOCK.read_text("utf-8"))
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    print(f"{target}: {len(json.loads(text)['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
