"""mutmut, run in the copy of the tree by `tests.mutation.working_copy`; its results as JSON.

The tool stands in an environment that is searched last, so that the versions of
requirements-dev.lock are the ones that judge. It is imported by name, because nothing of ours is
built upon it.
"""

from __future__ import annotations

import importlib
import json
import site
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def main(environment: str, act: str) -> None:
    """`run` judges every mutant; `results` writes a list of them to the standard output."""
    for packages in Path(environment).glob("lib/python3*/site-packages"):
        site.addsitedir(str(packages))
    if act == "run":
        sys.argv = ["mutmut", "run", "--max-children", "1"]
        importlib.import_module("mutmut.__main__").cli()
    else:
        json.dump(list(_results()), sys.stdout)


def _results() -> Iterator[Mapping[str, str]]:
    words = importlib.import_module("mutmut.stats").status_by_exit_code
    data = importlib.import_module("mutmut.mutation.data")
    diffs = importlib.import_module("mutmut.mutation.diff_apply")
    for path in importlib.import_module("mutmut.utils.file_utils").walk_mutatable_files():
        file = data.SourceFileMutationData(path=path)
        file.load()
        for name, code in file.exit_code_by_key.items():
            word = words[code]
            diff = "" if word == "killed" else diffs.get_diff_for_mutant(name, path=path)
            yield {"name": name, "path": str(path), "word": word, "diff": diff}


if __name__ == "__main__":
    main(*sys.argv[1:])
