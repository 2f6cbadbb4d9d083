"""What a step is held against: apps that do next to nothing, in the same server as ours.

    python -m bench.floors naive --port 8000

naive: what anybody would write first, a Flask route that reads the form, GETs the session and
SETEXs it. one_trip: the same with a single trip to Redis. raw: no framework at all, `parse_qsl`
and one trip. Each shows the same text for the same input, as long as a screen of ours.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from flask import Flask, Response, request
from redis import Redis

from bench.client import HOST
from gateway.runtime.settings import Settings
from gateway.web import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FLOORS: Final = ("naive", "one_trip", "raw")

LIFETIME: Final = 300

MENU: Final = """CON Health & Family Info
{steps} steps so far.
1 I am in danger now
2 I need help
3 Worried about a child
4 Find a centre near me
5 My rights
6 My code
7 Call me
0 Exit"""


def screen(text: str) -> str:
    """The page after a history, for the server to show and for the client to expect."""
    return MENU.format(steps=text.count("*"))


def naive() -> Flask:
    """Form, GET, SETEX."""
    app, redis = _flask(), _redis()

    @app.post("/ussd")
    def ussd() -> Response:
        session_id, text = request.form["sessionId"], request.form["text"]
        redis.get(f"session:{session_id}")
        redis.setex(f"session:{session_id}", LIFETIME, text)
        return Response(screen(text), content_type="text/plain; charset=utf-8")

    return app


def one_trip() -> Flask:
    """Form, and one SET that gives back what was there."""
    app, redis = _flask(), _redis()

    @app.post("/ussd")
    def ussd() -> Response:
        session_id, text = request.form["sessionId"], request.form["text"]
        redis.set(f"session:{session_id}", text, ex=LIFETIME, get=True)
        return Response(screen(text), content_type="text/plain; charset=utf-8")

    return app


def raw() -> WSGIApplication:
    """The same without Flask and Werkzeug."""
    redis = _redis()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if environ["PATH_INFO"] == "/ussd":
            redis.set(f"session:{form['sessionId']}", form["text"], ex=LIFETIME, get=True)
        said = screen(form.get("text", "")).encode()
        head = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(said))),
        ]
        start_response("200 OK", head)
        return [said]

    return app


def main() -> None:
    """Serve one of them as `isange web` is served, by the same settings."""
    parser = argparse.ArgumentParser()
    parser.add_argument("floor", choices=FLOORS)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    settings = Settings.read(os.environ)
    factory = f"bench.floors:{given.floor}"
    threads = settings.web_threads
    serving.run(factory, HOST, given.port, settings.web_processes, threads)


def _flask() -> Flask:
    app = Flask("bench.floors", static_folder=None)
    app.add_url_rule("/healthz", "healthz", lambda: "ok")
    return app


def _redis() -> Redis:
    return Redis.from_url(os.environ["REDIS_URL"])


if __name__ == "__main__":
    main()
