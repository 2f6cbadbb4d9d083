"""`python -m tests.mutation TOOL [GROUP...]`: break the code, and count what nobody noticed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutation.groups import GROUPS
from tests.mutation.working_copy import Mutant, WorkingCopy, disk

WORDS = ("killed", "survived", "timeout", "no tests")
HEAD = f"{'group':<15}{'mutants':>8}" + "".join(f"{word:>10}" for word in WORDS)


def row(name: str, mutants: Sequence[Mutant]) -> str:
    """One line of the table. What ran out of time is not counted as killed."""
    count = Counter(one.word for one in mutants)
    figures = "".join(f"{count[word]:>10}" for word in WORDS)
    return f"{name:<15}{len(mutants):>8}{figures}{count['killed'] / len(mutants):>8.1%}"


def left(mutants: Sequence[Mutant]) -> Iterator[str]:
    """Each mutant that was not killed, as a difference to the code."""
    for one in mutants:
        if one.word != "killed":
            yield f"# {one.name}: {one.word}\n{one.diff}\n"


def judged(name: str, tool: Path) -> Sequence[Mutant]:
    """What came of all mutants of a group. Raises working_copy.NotJudged."""
    mutants: list[Mutant] = []
    for run in GROUPS[name]:
        with tempfile.TemporaryDirectory(prefix="mutation-", dir=disk()) as home:
            copy = WorkingCopy(Path(home), tool)
            copy.prepare(run)
            copy.run()
            mutants += copy.results()
    return mutants


def main(words: Sequence[str] | None = None) -> None:
    """Judge some groups, or all, and print a row for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("tool", type=Path, help="the environment in which pip put mutmut")
    parser.add_argument("groups", nargs="*", metavar="group", help=f"of {', '.join(GROUPS)}; all")
    parser.add_argument("--survivors", type=Path, help="a file for what nobody noticed")
    asked = parser.parse_args(words)
    if unknown := set(asked.groups) - set(GROUPS):
        parser.error(f"there is no group {', '.join(sorted(unknown))}")
    if not any(asked.tool.glob("lib/python3*/site-packages/mutmut")):
        parser.error("mutmut is not there: it cannot be had from here, and nothing was judged")
    found = {name: judged(name, asked.tool) for name in asked.groups or GROUPS}
    sys.stdout.write("\n".join([HEAD, *(row(name, found[name]) for name in found)]) + "\n")
    if asked.survivors:
        asked.survivors.write_text("\n".join(one for name in found for one in left(found[name])))


if __name__ == "__main__":
    main()
