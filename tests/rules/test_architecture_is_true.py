"""docs/architecture.md tells the keys and rights of each part, the wings, and where to go."""

from __future__ import annotations

import ast
import importlib.util
import re
import secrets
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

import pytest
from sqlalchemy import Engine

from gateway.cases import escalation
from gateway.conversation.contract import Occasion
from gateway.country.pack import load_country
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.grants import RIGHTS, Process
from gateway.vault.roles import HOLDINGS, Role
from gateway.vault.vault import Vault
from gateway.web.networks.contract import SessionOver
from menus.intents import AcceptCase, Intent, RevealNumber, SignIn
from tests.moments import as_of
from tests.rules.sources import ROOT, SHIPPED, modules, none_of, text
from tests.rules.test_security_documents import FILE
from tests.samples import CALLER
from tests.staff_and_reports import CALL_NOW, Person, StaffAndReports, on_sqlite

DOCUMENT = Path("docs/architecture.md")

PROCESSES: Final[Mapping[str, Process]] = {
    "`web`": "web",
    "`staff`": "staff",
    "`worker`, `clock`": "worker",
}
"""How the page names them."""

CODE = re.compile(r"`([^`]+)`")

LEAST_WORDS = 20
"""Letters of a text that stand in no braces: one of fewer would fit anything."""

Changed = Callable[[str, str, str], ModuleType]


class Stop(NamedTuple):
    """A row of a walk: a file, and what in it decides."""

    file: str
    name: str


# Who holds what


@pytest.mark.parametrize(("named", "process"), PROCESSES.items(), ids=PROCESSES.values())
def test_keys_and_rights_are_those_of_the_code(named: str, process: Process) -> None:
    _, keys, untouched, only_read = next(row[1:] for row in table("part") if row[0] == named)
    rights = {name: of.get(process, "") for name, of in RIGHTS.items()}
    read_only = {
        name
        for name, right in rights.items()
        if right and not any(verb in right for verb in ("INSERT", "UPDATE", "DELETE"))
    }
    assert codes(keys) == {kind for kind, half in HOLDINGS[process] if half != "public"}
    assert codes(untouched) == {name for name, right in rights.items() if not right}
    assert codes(only_read) == read_only


def test_the_rights_to_remember_are_those_of_the_code() -> None:
    adding = {
        name: {process for process, right in of.items() if "INSERT" in right}
        for name, of in RIGHTS.items()
    }
    assert adding["reports"] == adding["contacts"] == adding["data_keys"] == {"web"}
    assert RIGHTS["audit"]["web"] == "INSERT"
    assert not any("UPDATE" in right or "DELETE" in right for right in RIGHTS["audit"].values())


# Which wings there are


def test_the_wings_are_those_of_the_contract_from_the_top() -> None:
    layers = next(one for one in contracts() if "commands" in one.get("layers", ()))
    told = [codes(row[0]) for row in table("from the top")]
    *wings, _engine = layers["layers"]
    built = [one for level in wings if (one := {name for name in _names(level) if is_built(name)})]
    assert (told[:-1], told[-1]) == (built, {"menus/*.py"}), (
        f"the table of wings in {DOCUMENT} and the contract of pyproject.toml differ: give each "
        "wing its row, in the order of the contract"
    )


def test_every_wing_that_may_be_there_has_a_level() -> None:
    levels = next(one["layers"] for one in contracts() if "commands" in one.get("layers", ()))
    for whole in (one for one in contracts() if one.get("exhaustive")):
        (package,) = whole["containers"]
        known = {f"{package}.{name}" for level in whole["layers"] for name in _names(level)}
        levelled = {name for level in levels for name in _names(level)}
        none_of(
            known ^ {name for name in levelled if name.startswith(f"{package}.")},
            "give these a level in the first contract of pyproject.toml, and name them in the "
            "contract of their package",
        )


def test_the_readme_has_a_row_for_each_wing() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \|", text(Path("README.md")), re.MULTILINE)
    named = [code.rstrip("/").removesuffix(".py") for row in rows for code in CODE.findall(row)]
    wings = [wing for row in table("from the top") for wing in CODE.findall(row[0])]
    assert named == [wing.removesuffix(".py").replace(".", "/") for wing in wings]


def test_every_file_that_is_named_is_there() -> None:
    named = set(FILE.findall(text(DOCUMENT)))
    assert len(named) > 30
    none_of((one for one in named if not (ROOT / one).is_file()), f"{DOCUMENT} names these")


# Four walks


def test_every_stop_of_a_walk_is_there() -> None:
    stops = [Stop(file.strip("`"), name.strip("`")) for file, name, _ in table("file")]
    assert len(stops) > 12
    none_of(
        (f"{stop.file}: {stop.name}" for stop in stops if not _is_there(stop)),
        f"these have moved or changed their names: lead the walks of {DOCUMENT} to them",
    )


@on_sqlite
def test_the_text_of_an_sms_to_staff_stands_where_the_walk_leads(records: StaffAndReports) -> None:
    nurse = records.staff()
    records.report()
    ((number, said),) = records.deliver().taken
    assert number == nurse.number
    assert {path for path, words in _texts() if _fits(words, said)} == {first_stop("text")}


@on_sqlite
def test_the_time_after_which_a_lead_is_woken_stands_where_the_walk_leads(
    engine: Engine, vaults: Callable[[Role], Vault], tmp_path: Path
) -> None:
    file = ROOT / first_stop("time")
    country = tmp_path / "country"
    shutil.copytree(file.parent, country)
    _rewrite(country / file.name, "P1 = [5, 10, 15]", "P1 = [7, 10, 15]")
    keys = (vaults("web"), vaults("worker"), vaults("staff"))
    records = StaffAndReports(engine, load_country(country.name, tmp_path), *keys)
    nurse, _ = records.staff(), records.staff(role="lead")
    report = records.report()
    assert "within 7 min" in records.deliver().taken[0][1]
    with database.writing(engine, "test") as session:
        begun = records.report_now(report).created_at
        assert list(escalation.due(as_of(session, begun + timedelta(minutes=6, seconds=55)))) == []
        assert list(escalation.due(as_of(session, begun + timedelta(minutes=7, seconds=5)))) == [
            report
        ]
    assert records.asked(report) == {nurse.id}


def test_a_hubtel_request_is_read_where_the_walk_leads(changed: Changed) -> None:
    file = first_stop("Hubtel")
    body = b'{"SessionId": "s", "Mobile": "250788123456", "Type": "Timeout"}'
    for meaning, by_us in (("cut", False), ("over", True)):
        hubtel = changed(file, '"timeout": "cut"', f'"timeout": "{meaning}"')
        with pytest.raises(SessionOver) as over:
            hubtel.Hubtel("RW").parse(body)
        assert over.value.by_us is by_us


@on_sqlite
def test_who_may_see_a_number_is_decided_where_the_walk_leads(
    records: StaffAndReports, vaults: Callable[[Role], Vault], changed: Changed
) -> None:
    nurse = records.staff()
    report = records.report(contact=CALL_NOW)

    def sees(line: ModuleType) -> Mapping[str, str]:
        does = line.StaffLine(records.engine, vaults("staff"), records.policy, records.pack).do
        intents: tuple[Intent, ...] = (
            *(SignIn("no PIN"), AcceptCase(report)),
            RevealNumber(report, "first call"),
        )
        facts = {}
        for intent in intents:
            facts = does(intent, _step(nurse)).facts
        return facts

    line = "gateway/cases/staff_line.py"
    assert sees(changed(line, "", ""))["number"] == CALLER
    nobody = changed(first_stop("Who"), "report.accepted_by == person.id\n", "False\n")
    stranger = changed(line, "", "")
    stranger.__dict__["casework"] = nobody
    assert "number" not in sees(stranger)
    limited = changed(line, "", "")
    limited.__dict__["CaseFile"] = changed(
        "gateway/cases/case_file.py", "MOST_REVEALS: Final = 10", "MOST_REVEALS: Final = 0"
    ).CaseFile
    assert sees(limited)["limit"] == "reached"


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Changed:
    """A copy of a module in which one piece of text is another."""

    def copy(file: str, old: str, new: str) -> ModuleType:
        name = f"copy_{secrets.token_hex(4)}"
        path = tmp_path / f"{name}.py"
        shutil.copy(ROOT / file, path)
        _rewrite(path, old, new)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return copy


def table(head: str) -> Iterator[list[str]]:
    """The rows of each table of the page whose first column is called so."""
    for found in re.findall(rf"^\| {head} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text(DOCUMENT), re.M):
        for line in found.splitlines():
            yield [cell.strip() for cell in line.strip("|").split("|")]


def codes(cell: str) -> set[str]:
    return set(CODE.findall(cell))


def first_stop(word: str) -> str:
    """The first file of the walk whose heading has this word."""
    found = re.search(rf"^### .*{word}.*\n\n(?:\|.*\n){{2}}\| `([^`]+)`", text(DOCUMENT), re.M)
    assert found
    return found[1]


def contracts() -> list[dict[str, list[str]]]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    found: list[dict[str, list[str]]] = config["contracts"]
    return found


def _names(level: str) -> set[str]:
    """The wings of one level; those that are being built stand in brackets."""
    return {name.strip().strip("()") for name in re.split("[|:]", level)}


def is_built(wing: str) -> bool:
    path = ROOT / wing.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def _is_there(stop: Stop) -> bool:
    path = ROOT / stop.file
    if not path.is_file() or not stop.name:
        return path.is_file()
    if path.suffix == ".toml":
        found: object = tomllib.loads(path.read_text())
        for key in stop.name.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return found is not None
    return stop.name in _defined(ast.parse(path.read_text()), "")


def _defined(node: ast.AST, prefix: str) -> Iterator[str]:
    """Functions, classes, constants and the keys of their tables."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield prefix + child.name
            yield from _defined(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.Assign | ast.AnnAssign):
            for target in ast.walk(child):
                if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
                    yield prefix + target.id
                elif isinstance(target, ast.Dict):
                    yield from (
                        str(key.value) for key in target.keys if isinstance(key, ast.Constant)
                    )


def _texts() -> Iterator[tuple[str, str]]:
    """Every text in the code, and where."""
    for module in modules(*SHIPPED):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield str(module.path), node.value


def _fits(words: str, said: str) -> bool:
    """Whether these words, which are more than braces, say this once those are filled in."""
    fixed = re.split(r"\{\w+\}", words)
    pattern = ".+".join(re.escape(piece) for piece in fixed)
    return len("".join(fixed)) > LEAST_WORDS and re.fullmatch(pattern, said) is not None


def _rewrite(path: Path, old: str, new: str) -> None:
    source = path.read_text()
    assert old in source, f"{path.name} has no {old!r} any more: have the test change what decides"
    path.write_text(source.replace(old, new))


def _step(person: Person) -> Occasion:
    call = secrets.token_bytes(16)
    return Occasion(call, call, Msisdn(person.number), "en", None)
