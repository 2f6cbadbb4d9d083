"""What a button of the page asks for, as routes: JSON in, an empty answer out.

What became of it is seen in the events, where everybody who looks at the page sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Flask, request

from sandbox.handsets.errors import Unable
from sandbox.page.room import Room

DONE: Final = ("", 204)

LONGEST_ANSWER: Final = 182
"""Characters that a person can type into a USSD session."""

LONGEST_SMS: Final = 480

Done = tuple[str, int]


def install(app: Flask, room: Callable[[], Room]) -> None:
    """Add the routes. Each raises Unable, which becomes a sentence for the page."""
    _install_calls(app, room)
    _install_messages(app, room)
    _install_mishaps(app, room)
    _install_story(app, room)


def _install_calls(app: Flask, room: Callable[[], Room]) -> None:
    @app.post("/<token>/api/phones/<phone>/dial")
    def dial(phone: str) -> Done:
        room().dial(phone, _text("dialled", LONGEST_ANSWER))
        return DONE

    @app.post("/<token>/api/phones/<phone>/press")
    def press(phone: str) -> Done:
        room().phone(phone).press(_text("typed", LONGEST_ANSWER))
        return DONE

    @app.post("/<token>/api/phones/<phone>/repeat")
    def repeat(phone: str) -> Done:
        room().phone(phone).repeat()
        return DONE

    @app.post("/<token>/api/phones/<phone>/hang-up")
    def hang_up(phone: str) -> Done:
        room().phone(phone).hang_up()
        return DONE

    @app.post("/<token>/api/phones/<phone>/put-away")
    def put_away(phone: str) -> Done:
        room().phone(phone).put_away()
        return DONE

    @app.patch("/<token>/api/phones/<phone>")
    def set_up(phone: str) -> Done:
        room().set_up(phone, _json())
        return DONE


def _install_messages(app: Flask, room: Callable[[], Room]) -> None:
    @app.post("/<token>/api/phones/<phone>/messages")
    def write(phone: str) -> Done:
        room().phone(phone).write(_text("text", LONGEST_SMS), _text("to", 20))
        return DONE

    @app.post("/<token>/api/phones/<phone>/messages/<message>/read")
    def read(phone: str, message: str) -> Done:
        room().phone(phone).open(message)
        return DONE

    @app.delete("/<token>/api/phones/<phone>/messages/<message>")
    def delete(phone: str, message: str) -> Done:
        room().phone(phone).delete(message)
        return DONE


def _install_mishaps(app: Flask, room: Callable[[], Room]) -> None:
    @app.post("/<token>/api/phones/<phone>/mishaps")
    def spoil(phone: str) -> Done:
        room().spoil(phone, _text("what", 20), lasting=bool(_json().get("lasting")))
        return DONE

    @app.delete("/<token>/api/phones/<phone>/mishaps")
    def mend(phone: str) -> Done:
        room().mend(phone)
        return DONE

    @app.post("/<token>/api/processes/<name>/kill")
    def kill(name: str) -> Done:
        room().kill(name)
        return DONE

    @app.post("/<token>/api/time/skip")
    def skip() -> Done:
        room().skip()
        return DONE


def _install_story(app: Flask, room: Callable[[], Room]) -> None:
    @app.post("/<token>/api/story")
    def begin() -> Done:
        room().begin(_text("id", 40), _text("speed", 10))
        return DONE

    @app.post("/<token>/api/story/<what>")
    def conduct(what: str) -> Done:
        room().conduct(what, _json().get("speed"))
        return DONE

    @app.delete("/<token>/api/recording")
    def begin_recording() -> Done:
        room().recording.begin()
        return DONE


def _json() -> Mapping[str, Any]:
    found = request.get_json(silent=True)
    return found if isinstance(found, dict) else {}


def _text(name: str, longest: int) -> str:
    value = _json().get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise Unable(f"{name}: a text of at most {longest} characters is needed.")
    return value
