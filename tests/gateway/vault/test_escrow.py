"""The escrow's pair: made where its private half stays, and its public half given to every role."""

from __future__ import annotations

import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.vault.create import create_escrow, create_keys
from gateway.vault.errors import CannotRotate, KeysExist
from gateway.vault.fields import Where
from gateway.vault.rotating import Folders, locked
from gateway.vault.vault import Vault

DAY, NEXT_YEAR = date(2026, 11, 24), date(2027, 1, 1)
OLD, NEW = "escrow-20261124a.public", "escrow-20270101a.public"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys", DAY)
    return tmp_path / "keys"


def installed(root: Path) -> dict[str, list[str]]:
    roles = ("web", "staff", "worker")
    return {role: sorted(one.name for one in (root / role).glob("escrow-*")) for role in roles}


def test_the_pair_is_made_in_a_new_folder_for_its_owner_alone(tmp_path: Path) -> None:
    private, public = create_escrow(tmp_path / "stick" / "safe", DAY)
    assert [path.name for path in (private, public)] == ["escrow-20261124a.private", OLD]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (private.parent, private, public)]
    assert modes == [0o700, 0o600, 0o600]


def test_the_pair_is_named_after_the_day_of_its_making(tmp_path: Path) -> None:
    private, _ = create_escrow(tmp_path / "safe")
    assert private.name == f"escrow-{datetime.now(UTC):%Y%m%d}a.private"


def test_a_folder_that_is_there_is_good_enough_unless_it_holds_that_pair(tmp_path: Path) -> None:
    (tmp_path / "safe").mkdir(mode=0o700)
    private, _ = create_escrow(tmp_path / "safe", DAY)
    made = private.read_bytes()
    with pytest.raises(KeysExist, match="is there already"):
        create_escrow(tmp_path / "safe", DAY)
    assert private.read_bytes() == made


def test_a_public_half_may_come_on_a_stick_that_everybody_can_read(
    root: Path, tmp_path: Path
) -> None:
    """A stick knows no modes. What is made of the file is for the owner alone again."""
    _, public = create_escrow(tmp_path / "stick", NEXT_YEAR)
    public.chmod(0o644)
    with locked(root) as folders:
        assert folders.install_escrow(public) == "20270101a"
    assert set(map(tuple, installed(root).values())) == {(NEW,)}
    assert {stat.S_IMODE(one.stat().st_mode) for one in root.glob(f"*/{NEW}")} == {0o600}


def test_a_half_that_reached_some_roles_before_the_power_cut_reaches_the_others(
    root: Path, tmp_path: Path
) -> None:
    _, public = create_escrow(tmp_path / "stick", NEXT_YEAR)

    class Stopped(Exception):
        """The power was cut."""

    class CutOff(Folders):
        def _put(self, role: object, *of: object) -> None:
            super()._put(role, *of)  # type: ignore[arg-type]
            raise Stopped

    (root / ".rotating").mkdir()
    with pytest.raises(Stopped):
        CutOff(root).install_escrow(public)
    assert [NEW in names for names in installed(root).values()] == [True, False, False]
    with locked(root) as folders:
        folders.install_escrow(public)
        folders.install_escrow(public)
    assert set(map(tuple, installed(root).values())) == {(NEW,)}


def test_another_key_of_the_same_name_is_refused(root: Path, tmp_path: Path) -> None:
    """Two pairs of one day: who knows which of them the safe holds?"""
    _, first = create_escrow(tmp_path / "first", NEXT_YEAR)
    _, second = create_escrow(tmp_path / "second", NEXT_YEAR)
    with locked(root) as folders:
        folders.install_escrow(first)
    before = {path: path.read_bytes() for path in root.glob(f"*/{NEW}")}
    with pytest.raises(CannotRotate, match="another key"), locked(root) as folders:
        folders.install_escrow(second)
    assert {path: path.read_bytes() for path in root.glob(f"*/{NEW}")} == before


def test_the_new_safe_opens_what_is_sealed_from_then_on(root: Path, tmp_path: Path) -> None:
    private, public = create_escrow(tmp_path / "safe", NEXT_YEAR)
    with locked(root) as folders:
        folders.install_escrow(public)
    public.rename(tmp_path / public.name)
    key = Vault.open(root / "web", "web").new_key("R-41", "answers")
    wrapped = next(one for one in key.wrapped if one.recipient == "escrow")
    data_key = Vault.open(private.parent, "escrow").unwrap("R-41", "answers", wrapped)
    where = Where("answers", "value", "R-41")
    assert data_key.decrypt(key.encrypt(b"what she said", where), where) == b"what she said"
