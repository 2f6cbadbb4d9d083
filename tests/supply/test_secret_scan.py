"""The secrets scan finds what must not be in the project, and allows only what was looked at."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

import pytest

from tests.supply.secret_scan import ALLOWED, Finding, findings, unknown

NOTE = Path("note.md")


def found_in(folder: Path, content: str, name: str = "note.md") -> set[str]:
    """The kinds of what is found in a file with this content."""
    (folder / name).write_text(content, "utf-8")
    return {one.kind for one in findings(folder, [Path(name)])}


def planted(kind: str) -> str:
    """A made-up secret, put together here so that it stands in no file."""
    random_letters = base64.b32encode(secrets.token_bytes(10)).decode()
    password = f"x{secrets.token_hex(6)}"  # Never digits alone, which look like no password.
    match kind:
        case "AWS Access Key":
            return f"it is {'AK' + 'IA'}{random_letters} for now"
        case "Private Key":
            return f"-----BEGIN {'RSA PRIVATE'} KEY-----\nMIIB{random_letters}\n"
        case "Secret Keyword":
            return f'PASS{"WORD"} = "{password}"'
        case "Basic Auth Credentials":
            return f"postgresql://isange:{password}@db/isange"
        case "a key of the vault":
            return f"\n{base64.b64encode(secrets.token_bytes(32)).decode()}\n"
        case _:
            return f'api_key = "{secrets.token_hex(32)}"'


@pytest.mark.parametrize("name", ["note.md", "settings.py", "gateway.toml", "data.json"])
@pytest.mark.parametrize(
    "kind", ["AWS Access Key", "Private Key", "Basic Auth Credentials", "a key of the vault"]
)
def test_a_planted_secret_is_found_in_any_file(tmp_path: Path, name: str, kind: str) -> None:
    assert kind in found_in(tmp_path, f"before\n{planted(kind)}\nafter\n", name)


@pytest.mark.parametrize("kind", ["Secret Keyword", "Hex High Entropy String"])
def test_a_secret_of_no_known_shape_is_found_in_code(tmp_path: Path, kind: str) -> None:
    assert kind in found_in(tmp_path, planted(kind), "settings.py")


def test_a_key_file_is_found_by_its_name(tmp_path: Path) -> None:
    assert found_in(tmp_path, "", "centre-20261124a.private") == {"a key file of the vault"}


def test_a_remark_on_the_line_allows_nothing(tmp_path: Path) -> None:
    line = f"{planted('AWS Access Key')}  # pragma: allowlist secret\n"
    assert found_in(tmp_path, line) == {"AWS Access Key"}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert found_in(tmp_path, "Hold keys apart.\nprivate = False\n") == set()


def test_a_finding_tells_its_line(tmp_path: Path) -> None:
    (tmp_path / NOTE).write_text(f"one\ntwo\n{planted('AWS Access Key')}\n", "utf-8")
    assert list(findings(tmp_path, [NOTE])) == [Finding(NOTE, 3, "AWS Access Key")]


def test_one_more_than_is_allowed_shows_all_of_its_kind() -> None:
    (place, count), *_ = next(iter(ALLOWED.values())).items()
    path, kind = place.split(": ")
    known = [Finding(Path(path), line, kind) for line in range(count)]
    one_more = Finding(Path(path), count, kind)
    assert (unknown(known), unknown([*known, one_more])) == ([], [*known, one_more])
