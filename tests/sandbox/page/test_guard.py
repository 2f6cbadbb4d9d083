"""Nobody drives the phone page but the browser that was given its address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from sandbox.page import guard
from sandbox.page.app import create_app
from sandbox.page.server import is_loopback
from tests.faults.demos import run_isange
from tests.sandbox.phones import TOKEN

HERE = {"Host": "127.0.0.1:8002"}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """The page of a demo that is still starting: whoever comes in is told so."""
    return create_app(tmp_path, TOKEN)


def test_whoever_has_the_address_comes_in(app: Flask) -> None:
    client = app.test_client()

    with client.get(f"/{TOKEN}/", headers=HERE) as page:
        assert (page.status_code, b"<title>Phones" in page.data) == (200, True)
    wish = client.post(f"/{TOKEN}/api/time/skip", json={}, headers=HERE)
    assert (wish.status_code, wish.get_json()["error"]) == (503, "The demo is still starting.")


def test_without_the_token_there_is_nothing(app: Flask) -> None:
    client = app.test_client()
    unknown = client.get("/no-such-page", headers=HERE)

    for rule in _rules(app):
        for guess in ("x", TOKEN[:-1], TOKEN.upper(), "é"):
            for method in ("GET", "POST", "PATCH", "DELETE"):
                answer = client.open(rule.replace("<token>", guess), method=method, headers=HERE)
                assert answer.status_code in {404, 405}, f"{method} {rule}"
                assert answer.data == unknown.data


def test_only_health_is_open(app: Flask) -> None:
    assert {rule.rule for rule in app.url_map.iter_rules() if "<token>" not in rule.rule} == {
        "/healthz"
    }


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8002", "localhost:8002", "[::1]:8002"])
def test_names_of_this_machine(host: str) -> None:
    assert guard.is_our_host(host, loopback_only=True)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8002", "127.0.0.1.evil.example", "", ":80", "192.0.2.7"]
)
def test_names_that_somebody_else_could_point_here(app: Flask, host: str) -> None:
    """A foreign name server may say that its name is 127.0.0.1."""
    assert not guard.is_our_host(host, loopback_only=True)
    if host:
        answer = app.test_client().get(f"/{TOKEN}/", headers={"Host": host})
        assert answer.status_code == 403


def test_on_a_network_an_address_will_do_and_a_name_will_not() -> None:
    assert guard.is_our_host("192.0.2.7:8002", loopback_only=False)
    assert not guard.is_our_host("evil.example:8002", loopback_only=False)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_another_site_cannot_press_a_button(app: Flask, headers: dict[str, str]) -> None:
    answer = app.test_client().post(f"/{TOKEN}/api/time/skip", json={}, headers={**HERE, **headers})

    assert answer.status_code == 403


def test_a_form_cannot_press_a_button(app: Flask) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = app.test_client().post(
            f"/{TOKEN}/api/story", data='{"id": "lead"}', content_type=kind, headers=HERE
        )
        assert answer.status_code == 415


def test_a_link_may_lead_here(app: Flask) -> None:
    headers = {**HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    with app.test_client().get(f"/{TOKEN}/", headers=headers) as answer:
        assert answer.status_code == 200


@pytest.mark.parametrize("path", ["", "main.js", "api/state", "nothing"])
def test_every_answer_keeps_the_browser_strict(app: Flask, path: str) -> None:
    with app.test_client().get(f"/{TOKEN}/{path}", headers=HERE) as answer:
        headers = answer.headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_files_outside_its_folder_stay_where_they_are(app: Flask) -> None:
    client = app.test_client()

    for path in ("../app.py", "..%2fapp.py", "%2e%2e/app.py", "/etc/passwd"):
        assert client.get(f"/{TOKEN}/{path}", headers=HERE).status_code == 404


def test_production_never_sees_it(tmp_path: Path) -> None:
    done = run_isange("phones", "--data", tmp_path, "--port", "0", env={"ISANGE_ENV": "production"})

    assert done.returncode == 2
    assert done.stderr.strip() == "the phone page does not run where ISANGE_ENV=production"


def test_a_port_that_is_not_to_be_had_is_one_line(tmp_path: Path) -> None:
    done = run_isange("phones", "--data", tmp_path, "--host", "192.0.2.7", "--port", "8002")

    assert done.returncode == 2
    assert done.stderr.strip().endswith("cannot listen on 192.0.2.7, port 8002: choose another one")


def test_which_addresses_are_this_machine_alone() -> None:
    assert [host for host in ("127.0.0.1", "::1", "localhost") if not is_loopback(host)] == []
    assert [host for host in ("::", "192.0.2.7", "name") if is_loopback(host)] == []


def _rules(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if "<token>" in rule.rule:
            path = rule.rule
            for name in ("phone", "message", "name", "what", "path:name"):
                path = path.replace(f"<{name}>", "x")
            yield path
