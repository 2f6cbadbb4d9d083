"""What is to be broken is there, and so is what is to notice; the table tells the truth."""

from __future__ import annotations

import configparser
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutation.__main__ import main, row
from tests.mutation.groups import GROUPS, LEFT_OUT, Run
from tests.mutation.quickest import within
from tests.mutation.working_copy import Mutant, WorkingCopy
from tests.rules.sources import ROOT

RUNS = [run for runs in GROUPS.values() for run in runs]


def _mutants(**counts: int) -> Sequence[Mutant]:
    words = [word.replace("_", " ") for word, count in counts.items() for _ in range(count)]
    return [Mutant(name="f", path="p.py", word=word, diff="") for word in words]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.modules[0])
def test_every_module_and_every_test_file_that_is_named_exists(run: Run) -> None:
    """mutmut says nothing of a pattern that fits no file: nothing is broken, and all is well."""
    for pattern in (*run.modules, *run.tests):
        assert list(ROOT.glob(pattern)), pattern


def test_the_tests_that_are_left_out_exist() -> None:
    for test in LEFT_OUT:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text("utf-8")


def test_what_ran_out_of_time_or_had_no_test_is_not_killed() -> None:
    told = row("vault", _mutants(killed=6, survived=2, timeout=1, no_tests=1))
    assert told.split() == ["vault", "10", "6", "2", "1", "1", "60.0%"]


def test_the_copy_can_be_broken_and_tells_mutmut_what_to_break(tmp_path: Path) -> None:
    run = Run(
        modules=["gateway/store/insert_once.py", "menus/*.py"],
        tests=["tests/gateway/sms/test_outbox.py"],
    )
    WorkingCopy(tmp_path, tool=tmp_path).prepare(run)
    read = configparser.ConfigParser()
    read.read(tmp_path / "setup.cfg")
    assert read["mutmut"]["only_mutate"].split() == ["gateway/store/insert_once.py", "menus/*.py"]
    assert "not postgresql" in read["mutmut"]["pytest_add_cli_args"].split("\n")
    assert "[tool.mutmut]" not in (tmp_path / "pyproject.toml").read_text("utf-8"), (
        "mutmut would read that instead"
    )
    for kept in ("gateway/store/insert_once.py", "tests/conftest.py", "locales/isange.pot"):
        assert (tmp_path / kept).read_bytes() == (ROOT / kept).read_bytes()


def test_a_group_that_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["/nowhere", "vaults"])
    assert "there is no group vaults" in capsys.readouterr().err


def test_without_mutmut_nothing_is_judged_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path), "vault"])
    assert "nothing was judged" in capsys.readouterr().err


def test_the_quickest_tests_judge_as_many_as_there_is_patience_for() -> None:
    took = {"slow": 9.0, "quick": 0.1, "quicker": 0.0, "fair": 2.0}
    assert within(list(took), took, 3.0) == ["quicker", "quick", "fair"]
    assert within(["slow"], took, 3.0) == ["slow"], "where there is only a slow one it is asked"
