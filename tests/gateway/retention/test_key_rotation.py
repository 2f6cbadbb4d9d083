"""Every state of the folders works, every row is re-wrapped, and then old keys open nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from gateway.audit import log as audit
from gateway.cases import contacts
from gateway.cases.my_code import secret_of
from gateway.cases.reports import answers_of
from gateway.country.pack import Pack
from gateway.retention.key_rotation import Rotation
from gateway.retention.rewrapping import Rewrapping
from gateway.runtime.phones import Msisdn
from gateway.runtime.settings import Settings
from gateway.sms import outbox
from gateway.staff import roster
from gateway.store import database
from gateway.store.models import Audit, ContactRow, DataKeyRow, Outbox, Report, Staff
from gateway.vault.create import create_escrow, create_keys
from gateway.vault.errors import CannotOpen, CannotRotate, VaultError
from gateway.vault.fields import Where, WrappedKey
from gateway.vault.keyring import load_keyring
from gateway.vault.roles import PEPPERS, SESSIONS, KeyName, Kind, Recipient, Role
from gateway.vault.rotating import Folders, locked
from gateway.vault.secrets import pepper_of, quick_hasher
from gateway.vault.vault import KeyPurpose, Vault, sealed_under
from gateway.wiring import Parts
from tests.one_process_line import Line
from tests.samples import CALLER, PIN
from tests.services import PATIENCE, wait_until
from tests.staff_and_reports import SMS_NOW, StaffAndReports

OLD, NEW, NEWER = "20261124a", "20270101a", "20270102a"
DAY, NEXT_YEAR = date(2026, 11, 24), date(2027, 1, 1)
HERE = Where("staff", "number", "1")
SECRET_HERE = Where("reports", "secret_hash", "R-41")
PIN_HERE = roster.pin_of("1")
APPS: tuple[Role, ...] = ("web", "staff")
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""SQLite has one writer at a time."""

ROLES: tuple[Role, ...] = ("web", "staff", "worker")
READS: dict[Recipient, Role] = {"sender": "worker", "centre": "staff"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys", DAY)
    return tmp_path / "keys"


@pytest.fixture
def escrow(root: Path, tmp_path: Path) -> Path:
    """The private half of the escrow, taken off the machine."""
    return (root / "escrow").rename(tmp_path / "safe")


class Stopped(Exception):
    """The power was cut."""


class Slow(Folders):
    """Folders in which something happens after each change of a file."""

    def __init__(self, root: Path, then: Callable[[], None]) -> None:
        super().__init__(root)
        object.__setattr__(self, "then", then)

    def _put(self, role: Role, name: KeyName, key: object) -> None:
        super()._put(role, name, key)  # type: ignore[arg-type]
        self.then()  # type: ignore[attr-defined]

    def _rename(self, role: Role, old: KeyName, new: KeyName) -> None:
        super()._rename(role, old, new)
        self.then()  # type: ignore[attr-defined]

    def _remove(self, role: Role, name: KeyName) -> None:
        super()._remove(role, name)
        self.then()  # type: ignore[attr-defined]


def all_steps(folders: Folders) -> None:
    key_id = folders.prepare(NEXT_YEAR)
    folders.switch(key_id)
    folders.finish(key_id, {})


def with_room(root: Path) -> Path:
    """Where a rotation writes its files before it puts them in their place."""
    (root / ".rotating").mkdir(exist_ok=True)
    return root


def opened(root: Path) -> dict[Role, Vault]:
    """Every role as if its process started at this moment."""
    return {role: Vault.open(root / role, role, hasher=quick_hasher()) for role in ROLES}


def kept(root: Path, at: str) -> Path:
    """The folders as they are now, for processes that do not look again."""
    copy = root.with_name(at)
    shutil.copytree(root, copy)
    return copy


def assert_reads(sealing: dict[Role, Vault], opening: dict[Role, Vault]) -> None:
    """All that `sealing` makes in any role opens for those of `opening` that it is made for."""
    for recipient, reader in READS.items():
        value = sealing["web"].seal_for(recipient, b"+250788000001", HERE)
        assert opening[reader].open_sealed(recipient, value, HERE) == b"+250788000001"
        key = sealing["web"].new_key("R-41", "contact")
        wrapped = next(one for one in key.wrapped if one.recipient == recipient)
        opening[reader].unwrap("R-41", "contact", wrapped)
    for app in APPS:
        session = sealing[app].seal_session(b"name", b"state")
        assert opening[app].open_session(b"name", session) == b"state"
        stored = sealing["web"].hash_secret("4821", SECRET_HERE)
        assert opening[app].check_secret(stored, "4821", SECRET_HERE)
    pin = sealing["staff"].hash_pin("4711", PIN_HERE)
    assert opening["staff"].check_pin(pin, "4711", PIN_HERE)


# The folders


def test_every_state_of_the_folders_lets_every_process_start_and_work(root: Path) -> None:
    """Given a look at each single change, when processes start there, then they read each other."""
    states = 0

    def look() -> None:
        nonlocal states
        states += 1
        vaults = opened(root)
        assert_reads(vaults, vaults)

    all_steps(Slow(with_room(root), then=look))
    assert states == 29, "not every change of a file was looked at"
    assert {
        name.key_id
        for role in ("web", "staff", "worker")
        for name in Folders(root).names(role)
        if name.kind not in {"lookup", "alert", "escrow", *SESSIONS}
    } == {NEW}


def test_whoever_has_not_looked_since_the_last_step_reads_what_others_write(root: Path) -> None:
    """Given that each step waits for every process, none is ever more than one step behind."""
    behind = [kept(root, "before")]
    step = 0

    def look() -> None:
        ahead = opened(root)
        slow = opened(behind[step])
        assert_reads(ahead, slow)
        assert_reads(slow, ahead)

    folders = Slow(with_room(root), then=look)
    key_id = folders.prepare(NEXT_YEAR)
    behind.append(kept(root, "prepared"))
    step = 1
    folders.switch(key_id)
    behind.append(kept(root, "switched"))
    step = 2
    folders.finish(key_id, {})


@pytest.mark.parametrize("changes", range(1, 26))
def test_a_rotation_that_died_anywhere_is_taken_up(root: Path, changes: int) -> None:
    left = changes

    def die() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Stopped

    with pytest.raises(Stopped):
        all_steps(Slow(with_room(root), then=die))
    before = {path.name: path.read_bytes() for path in root.glob("*/*") if NEW in path.name}
    with locked(root) as folders:
        key_id = folders.prepare(date(2027, 6, 1))
        assert key_id == NEW, "the rotation that was begun goes on"
        folders.switch(key_id)
        folders.finish(key_id, {})
        assert not folders.is_under_way()
    for path in root.glob("*/*"):
        assert before.get(path.name, path.read_bytes()) == path.read_bytes(), "made twice"
    vaults = opened(root)
    assert_reads(vaults, vaults)


def test_what_lies_ready_is_not_made_anew(root: Path) -> None:
    """A process may hold it already, and another one be about to seal with it."""
    with locked(root) as folders:
        key_id = folders.prepare(NEXT_YEAR)
        ready = {path: path.read_bytes() for path in root.glob("*/*")}
        assert folders.prepare(NEXT_YEAR + timedelta(days=9)) == key_id
    assert {path: path.read_bytes() for path in root.glob("*/*")} == ready


def test_lookup_and_alert_keys_stay(root: Path) -> None:
    before = opened(root)
    prints = before["web"].fingerprint("contact", CALLER), before["worker"].alert_digits("41")
    with locked(root) as folders:
        all_steps(folders)
    after = opened(root)
    assert prints == (
        after["web"].fingerprint("contact", CALLER),
        after["worker"].alert_digits("41"),
    )


def test_new_files_are_for_their_owner_alone(root: Path) -> None:
    with locked(root) as folders:
        all_steps(folders)
    assert {path.stat().st_mode & 0o777 for path in root.glob("*/*")} == {0o600}
    assert not (root / ".rotating").exists()


@pytest.mark.parametrize("kind", sorted(SESSIONS))
def test_an_old_session_key_stays_until_no_session_can_need_it(root: Path, kind: Kind) -> None:
    """Given a rotation an hour ago, when keys rotate again, then what it replaced goes."""
    with locked(root) as folders:
        key_id = folders.prepare(NEXT_YEAR)
        folders.switch(key_id)
        assert f"{kind}-{OLD}.secret" in folders.finish(key_id, {})
        assert folders.ids(kind, "secret") == {OLD, NEW}

    class Later(Folders):
        def _age(self, *of: object) -> float:
            return 3601.0

    assert Later(root).finish(key_id, {}) == []
    assert Folders(root).ids(kind, "secret") == {NEW}


class Aged(Folders):
    """Folders whose files came so many seconds ago, by kind and half."""

    def __init__(self, root: Path, ages: dict[tuple[str, str], float]) -> None:
        super().__init__(root)
        object.__setattr__(self, "ages", ages)

    def _age(self, kind: str, key_id: str, half: str = "secret") -> float:
        assert key_id == NEW
        return self.ages.get((kind, half), 90.0)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("kind", ["sender", "centre"])
@pytest.mark.parametrize(
    ("change", "half", "other"),
    [("prepare", "private", "public"), ("switch", "public", "private")],
)
def test_a_step_is_as_old_as_the_half_that_came_last(
    root: Path, kind: str, change: str, half: str, other: str
) -> None:
    """Other processes may not have looked since: until then the next step has to wait."""
    folders = Aged(root, {(kind, half): 4.0, (kind, other): 1.0})
    assert folders.seconds_since(change, NEW) == 4.0


@pytest.mark.parametrize("kind", sorted(SESSIONS | PEPPERS))
@pytest.mark.parametrize("change", ["prepare", "switch"])
def test_a_step_is_as_old_as_the_secret_that_came_last(root: Path, kind: str, change: str) -> None:
    assert Aged(root, {(kind, "secret"): 3.0}).seconds_since(change, NEW) == 3.0


def test_the_age_of_a_step_is_that_of_its_files(root: Path) -> None:
    with locked(root) as folders:
        key_id = folders.prepare(NEXT_YEAR)
        assert 0 <= folders.seconds_since("prepare", key_id) < 60
        folders.switch(key_id)
        assert 0 <= folders.seconds_since("switch", key_id) < 60
        assert folders.seconds_since("switch", NEWER) > 1e9, "a file that never came"


@pytest.mark.parametrize("kind", sorted(PEPPERS))
def test_a_pepper_stays_while_a_hash_needs_it(root: Path, kind: Kind) -> None:
    with locked(root) as folders:
        key_id = folders.prepare(NEXT_YEAR)
        folders.switch(key_id)
        stays = folders.finish(key_id, {kind: {OLD}})
        assert {name for name in stays if "pepper" in name} == {f"{kind}-{OLD}.secret"}
        folders.finish(key_id, {})
        assert folders.ids(kind, "secret") == {NEW}


@pytest.mark.parametrize(
    ("newest", "today", "expected"),
    [
        (OLD, NEXT_YEAR, NEW),
        (NEW, NEXT_YEAR, "20270101b"),
        (NEWER, NEXT_YEAR, "20270102b"),
        ("20261231z", DAY, "20270101a"),
    ],
)
def test_a_new_id_is_greater_than_all_before(
    tmp_path: Path, newest: str, today: date, expected: str
) -> None:
    create_keys(tmp_path / "keys", DAY)
    for path in (tmp_path / "keys").glob("*/*"):
        path.rename(path.with_name(path.name.replace(OLD, newest)))
    with locked(tmp_path / "keys") as folders:
        assert folders.prepare(today) == expected


def nothing_there(root: Path) -> None:
    for role in ("web", "staff", "worker"):
        shutil.rmtree(root / role)


def one_role_elsewhere(root: Path) -> None:
    shutil.rmtree(root / "web")


def broken_key(root: Path) -> None:
    (root / "web" / f"pepper-{OLD}.secret").write_bytes(b"")


def no_folder(root: Path) -> None:
    shutil.rmtree(root)


@pytest.mark.parametrize(
    ("spoil", "advice"),
    [
        (nothing_there, "give the folder above web, staff and worker"),
        (one_role_elsewhere, "docs/keys.md"),
        (broken_key, "copy it again"),
        (no_folder, "as the user that owns them"),
    ],
)
def test_a_rotation_that_cannot_be_done_changes_nothing(
    root: Path, spoil: Callable[[Path], None], advice: str
) -> None:
    spoil(root)
    before = sorted(root.glob("*/*"))
    with pytest.raises(VaultError, match=advice), locked(root) as folders:
        folders.prepare(NEXT_YEAR)
    assert sorted(root.glob("*/*")) == before


@pytest.mark.parametrize("missing", ["web", "staff", "worker"])
@pytest.mark.parametrize("step", ["switch", "finish"])
def test_a_step_that_wants_every_folder_names_the_one_that_is_not_here(
    place: Place, missing: str, step: str
) -> None:
    place.rotation().step("prepare")
    shutil.rmtree(place.root / missing)
    with pytest.raises(CannotRotate, match=f"lacks {missing}: this step wants the folders of all"):
        place.rotation().step(step)


def test_two_rotations_at_once_are_one_too_many(root: Path) -> None:
    with locked(root), pytest.raises(CannotRotate, match="another rotation"), locked(root):
        pass


# The rows


@dataclass
class Place:
    """Records with key folders of its own, and what a look at all of its rows says."""

    records: StaffAndReports
    root: Path
    said: list[str] = field(default_factory=list)

    def rotation(self, escrow_public: Path | None = None) -> Rotation:
        return Rotation(
            self.records.engine, self.root, escrow_public, self.said.append, settle=0, grace=0
        )

    def vault(self, role: Role, root: Path | None = None) -> Vault:
        return Vault.open((root or self.root) / role, role)

    def key_ids(self, *recipients: str) -> set[str]:
        rows = self.records.all(DataKeyRow, DataKeyRow.recipient.in_(recipients))
        return {row.key_id for row in rows}

    def boxes(self) -> Sequence[DataKeyRow]:
        return self.records.all(DataKeyRow)

    def opens(self, row: DataKeyRow, vault: Vault) -> bool:
        """Whether a wrapped key opens, and what it wraps opens its report."""
        purpose: KeyPurpose = "contact" if row.purpose == "contact" else "answers"
        recipient = next(one for one in ("sender", "centre", "escrow") if one == row.recipient)
        wrapped = WrappedKey(recipient, row.key_id, row.sealed)
        try:
            key = vault.unwrap(row.report_id, purpose, wrapped)
        except CannotOpen:
            return False
        report = self.records.report_now(row.report_id)
        if purpose == "answers" and report.answers is not None:
            return "age" in json.loads(key.decrypt(report.answers, answers_of(report.id)))
        with database.reading(self.records.engine) as session:
            row_ = session.get_one(ContactRow, report.id)
            key.decrypt(row_.sealed, Where("contacts", "sealed", report.id))
        return True

    def sealed_sms(self) -> None:
        """An answer by SMS that waits to leave."""
        with database.writing(self.records.engine, "test") as session:
            outbox.add_sealed(
                session,
                self.records.web,
                json.dumps({"number": CALLER, "text": "hello"}).encode(),
                dedupe_key="screen:1",
                template="answer",
                lives=timedelta(minutes=5),
            )


@pytest.fixture
def place(engine: Engine, pack: Pack, root: Path, escrow: Path) -> Place:
    vaults = {role: Vault.open(root / role, role) for role in ROLES}
    audit.seal_with(engine, lambda: vaults["web"])
    records = StaffAndReports(engine, pack, vaults["web"], vaults["worker"], vaults["staff"])
    return Place(records, root)


def test_all_rows_are_for_the_new_keys_and_the_old_ones_open_nothing(place: Place) -> None:
    records = place.records
    person = records.staff()
    reports = [records.report(contact=SMS_NOW, number=f"+2507881234{n:02}") for n in range(7)]
    place.sealed_sms()
    before = kept(place.root, "before")

    place.rotation().run()

    new = place.vault("worker").newest("sender")
    assert new > OLD
    assert place.key_ids("sender", "centre") == {new}
    assert place.key_ids("escrow") == {OLD}, "without a new pair the escrow keeps its own"
    roles: dict[str, Role] = {"sender": "worker", "centre": "staff"}
    for row in place.boxes():
        if row.recipient in roles:
            role = roles[row.recipient]
            assert place.opens(row, place.vault(role))
            assert not place.opens(row, place.vault(role, before))
    assert len(place.boxes()) == 5 * len(reports)
    staff = records.one(Staff)
    assert staff.number is not None
    assert sealed_under(staff.number) == new
    number = place.vault("worker").open_sealed("sender", staff.number, roster.number_of(staff.id))
    assert number.decode() == person.number
    sms = records.one(Outbox, Outbox.sealed.is_not(None))
    assert sms.sealed is not None
    assert sealed_under(sms.sealed) == new
    place.vault("worker").open_sealed("sender", sms.sealed, outbox.sealed_in(sms.id))
    assert records.one(Audit, Audit.act == "keys rotated").detail == new


def test_running_processes_take_the_new_keys_by_themselves(place: Place) -> None:
    """Given vaults that are open since before, when keys rotate, then no restart is needed."""
    records = place.records
    staff = Vault.open(place.root / "staff", "staff")
    report_id = records.report(contact=SMS_NOW)
    place.rotation().run()
    with database.reading(records.engine) as session:
        assert contacts.read(session, staff, report_id) is not None
        assert contacts.read(session, records.worker, report_id) is not None


def test_a_new_escrow_pair_takes_the_place_of_the_old(
    place: Place, escrow: Path, tmp_path: Path
) -> None:
    place.records.report(contact=SMS_NOW)
    private, public = create_escrow(tmp_path / "ceremony", NEXT_YEAR)
    place.rotation(public).run()
    new_safe = tmp_path / "new safe"
    new_safe.mkdir(mode=0o700)
    private.rename(new_safe / private.name)
    for row in place.boxes():
        if row.recipient == "escrow":
            assert place.opens(row, Vault.open(new_safe, "escrow"))
            assert not place.opens(row, Vault.open(escrow, "escrow"))
    assert not list(place.root.glob(f"*/escrow-{OLD}.public"))


@pytest.mark.parametrize(
    "name", ["escrow.pub", "centre-20280101a.public", "escrow-20200101a.public"]
)
def test_a_wrong_public_half_for_the_escrow_is_refused(
    place: Place, tmp_path: Path, name: str
) -> None:
    _, public = create_escrow(tmp_path / "ceremony", NEXT_YEAR)
    with pytest.raises(CannotRotate, match=r"give that one|make a new pair"):
        place.rotation(public.rename(tmp_path / name)).run()


def test_the_steps_can_be_taken_on_different_machines(place: Place) -> None:
    """Given a keeper with all folders and a machine for each role, nothing is ever unreadable."""
    records, keeper = place.records, kept(place.root, "keeper")
    machines = {role: place.root.parent / f"machine of {role}" for role in ("staff", "worker")}

    def carry() -> None:
        for role, machine in machines.items():
            shutil.rmtree(machine / role, ignore_errors=True)
            shutil.copytree(keeper / role, machine / role)

    report_id = records.report(contact=SMS_NOW)
    at_keeper = replace(place.rotation(), root=keeper)
    for step in ("prepare", "switch"):
        at_keeper.step(step)
        carry()
    for machine in machines.values():
        replace(place.rotation(), root=machine).step("rewrap")
    at_keeper.step("finish")
    carry()
    new = Vault.open(machines["worker"] / "worker", "worker")
    assert place.key_ids("sender", "centre") == {new.newest("sender")}
    with database.reading(records.engine) as session:
        assert contacts.read(session, new, report_id) is not None


def test_a_damaged_row_holds_up_no_other(place: Place) -> None:
    damaged, whole = place.records.report(contact=SMS_NOW), place.records.report(contact=SMS_NOW)
    place.records.change(DataKeyRow, DataKeyRow.report_id == damaged, sealed=bytes(112))
    place.rotation().run()
    ids = {row.report_id: row.key_id for row in place.boxes() if row.recipient != "escrow"}
    assert ids[damaged] == OLD
    assert ids[whole] > OLD
    assert any("open with no key that is here" in line for line in place.said)


class Meddling:
    """A vault in whose hands a row changes while it is sealed anew."""

    def __init__(self, vault: Vault, meddle: Callable[[], None]) -> None:
        self._vault, self._meddle = vault, meddle

    def __getattr__(self, name: str) -> object:
        return getattr(self._vault, name)

    def rewrap(
        self, report_id: str, purpose: KeyPurpose, wrapped: WrappedKey, recipient: Recipient
    ) -> WrappedKey:
        new = self._vault.rewrap(report_id, purpose, wrapped, recipient)
        meddle, self._meddle = self._meddle, lambda: None
        meddle()
        return new


@pytest.mark.parametrize("deleted", [False, True])
def test_what_changed_meanwhile_is_not_undone(place: Place, *, deleted: bool) -> None:
    """Given that she stops or changes contact in between, her last word counts."""
    records = place.records
    report_id = records.report(contact=SMS_NOW)

    def change() -> None:
        with database.writing(records.engine, "test") as session:
            contacts.forget(session, report_id)
            if not deleted:
                other = Msisdn("+250788999999")
                contacts.keep(session, lagging, report_id, other, SMS_NOW)

    lagging = Vault.open(kept(place.root, "lagging") / "web", "web")
    with locked(place.root) as folders:
        folders.switch(folders.prepare())
    worker = Vault.open(place.root / "worker", "worker")
    meddling = Meddling(worker, change)
    Rewrapping(records.engine, {"worker": meddling}).run()  # type: ignore[dict-item]
    with database.reading(records.engine) as session:
        read = contacts.read(session, worker, report_id)
    assert (read is None) == deleted
    assert deleted or (read and read.number.reveal() == "+250788999999")
    assert place.key_ids("sender") == (set() if deleted else {worker.newest("sender")})


@on_postgresql
def test_rows_that_somebody_works_on_hold_up_no_other(place: Place) -> None:
    """Given a transaction that holds a row, then the rotation waits for it, not it for us."""
    records = place.records
    held, free = records.report(contact=SMS_NOW), records.report(contact=SMS_NOW)
    with locked(place.root) as folders:
        folders.switch(folders.prepare())
    worker = Vault.open(place.root / "worker", "worker")
    new = worker.newest("sender")
    mine = select(DataKeyRow).where(DataKeyRow.report_id == held).with_for_update()
    rewrapping = Rewrapping(records.engine, {"worker": worker})

    def ids() -> dict[str, str]:
        return {row.report_id: row.key_id for row in place.boxes() if row.recipient == "sender"}

    with ThreadPoolExecutor(1) as pool:
        with database.writing(records.engine, "test") as session:
            session.scalars(mine).all()
            running = pool.submit(rewrapping.run)
            wait_until(lambda: ids()[free] == new, "the free row is sealed anew")
            assert ids()[held] == OLD
            assert not running.done()
        assert running.result(PATIENCE) == 0
    assert ids() == {held: new, free: new}


def test_progress_counts_up_to_all_rows(place: Place) -> None:
    for _ in range(3):
        place.records.report(contact=SMS_NOW)
    told: list[str] = []
    rotation = replace(place.rotation(), tell=lambda progress: told.append(str(progress)))
    rotation.run()
    assert told[-1].startswith("9 of 9 rows")


def test_a_secret_is_hashed_anew_when_it_is_right(place: Place) -> None:
    records = place.records
    report_id = records.report()
    old = records.web.hash_secret("4821", secret_of(report_id))
    records.change(Report, Report.id == report_id, secret_hash=old)
    place.rotation().run()
    assert any(f"pepper-{OLD}.secret" in line for line in place.said)
    web = Vault.open(place.root / "web", "web")
    assert web.check_secret(old, "4821", secret_of(report_id))
    assert web.is_outdated(old)
    records.change(
        Report, Report.id == report_id, secret_hash=web.hash_secret("4821", secret_of(report_id))
    )
    place.rotation().step("finish")
    assert not list(place.root.glob(f"*/pepper-{OLD}.*"))
    assert pepper_of(web.hash_secret("1", HERE)) > OLD


def test_renewing_makes_keys_that_are_newer_than_a_rotation_under_way(place: Place) -> None:
    """Given a rotation begun before a purge, its keys are in backups too: they go as well."""
    with locked(place.root) as folders:
        begun = folders.prepare()
        folders.switch(begun)
    place.rotation().renew()
    assert Folders(place.root).current() > begun
    assert not list(place.root.glob(f"*/*-{begun}.private"))


def test_nothing_under_way_reads_like_any_folder(root: Path) -> None:
    assert not Folders(root).is_under_way()
    for role in ("web", "staff", "worker"):
        load_keyring(root / role, role)


def test_rows_are_counted_in_the_database_alone(place: Place) -> None:
    """A rotation knows what is left from the rows themselves, so nothing else must survive."""
    place.records.report(contact=SMS_NOW)
    place.rotation().run()
    with database.reading(place.records.engine) as session:
        old = select(func.count()).where(DataKeyRow.key_id == OLD, DataKeyRow.recipient != "escrow")
        assert session.scalar(old) == 0


def test_calls_go_on_with_the_new_keys(root: Path, settings: Callable[..., Settings]) -> None:
    """A caller notices nothing, and sends one report; a nurse is asked for her PIN again."""

    def processes() -> list[Parts]:
        return [Parts(settings(role, ISANGE_KEYS=str(root / role)), role) for role in ROLES]

    line = Line(*processes())
    nurse = line.staff_phone(line.staff("kabutare")).dial().press(PIN).sees("You are on duty.")
    caller = line.phone().dial().press(2).choose("Yes, continue", "Continue", "18 or more")
    caller.choose("Beaten or hurt", "Last 3 days", "South", "Huye", "Kabutare")
    caller.choose("Yes, by call", "Evening", "Yes")
    with locked(root) as folders:
        folders.switch(folders.prepare(NEXT_YEAR))
    after = Line(*processes())
    line.client.application = after.client.application
    line.staff_client.application = after.staff_client.application

    caller.press("2580").choose("Send: health").sees("Sent. Code: ")
    assert caller.code == line.code_of_only_report()
    nurse.choose("Look again").sees("PIN:").press(PIN).sees(caller.code)
    line.close()
    after.close()
