"""What `make audit` says of each thing that pip-audit may tell, and when it fails the build."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.supply.vulnerabilities import Audit, ask, read, verdict

BAD = Audit(1, ["jinja2 2.10: PYSEC-2019-217, mended in 2.10.1"], [])
GOOD = Audit(42, [], [])
NOBODY_KNEW = Audit(42, [], ["flask", "redis"])


def report(**package: object) -> str:
    return json.dumps({"dependencies": [{"name": "jinja2", "version": "2.10", **package}]})


def test_a_fault_is_told_with_the_version_that_mends_it() -> None:
    fault = {"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}
    assert read(report(vulns=[fault])) == BAD


def test_a_fault_that_nothing_mends_is_told_as_well() -> None:
    found = read(report(vulns=[{"id": "X-1", "fix_versions": []}]))
    assert found is not None
    assert found.faults == ["jinja2 2.10: X-1, mended in no version yet"]


def test_a_package_that_nobody_knows_is_not_taken_for_sound() -> None:
    skipped = json.dumps({"dependencies": [{"name": "flask", "skip_reason": "not found"}]})
    assert read(skipped) == Audit(1, [], ["flask"])


@pytest.mark.parametrize("told", ["", "Traceback", "[]", "{}", '{"dependencies": null}'])
def test_what_is_no_report_is_none(told: str) -> None:
    assert read(told) is None


@pytest.mark.parametrize(
    ("known_bad", "ours", "status", "strict_status", "said"),
    [
        (BAD, GOOD, 0, 0, "no fault is known in 42"),
        (BAD, BAD, 1, 1, "PYSEC-2019-217"),
        (BAD, NOBODY_KNEW, 0, 1, "nobody knew: flask, redis"),
        (BAD, None, 0, 1, "not audited"),
        (NOBODY_KNEW, None, 0, 1, "not audited"),
        (GOOD, GOOD, 0, 1, "not audited"),
        (None, None, 0, 1, "not audited"),
    ],
)
def test_it_fails_for_a_fault_always_and_for_ignorance_when_strict(
    known_bad: Audit | None, ours: Audit | None, status: int, strict_status: int, said: str
) -> None:
    lenient = verdict(known_bad, ours, strict=False)
    strict = verdict(known_bad, ours, strict=True)
    assert (lenient[0], strict[0]) == (status, strict_status)
    assert said in lenient[1]


def test_without_pip_audit_nothing_is_known(tmp_path: Path) -> None:
    assert ask(str(tmp_path / "no-such-program"), tmp_path / "requirements.txt") is None
