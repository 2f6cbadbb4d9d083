"""A recording as an animated SVG: everything that was seen is in it, and nothing that could act."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.film import drawing, film

LIGHT = 150_000
"""Bytes that a picture may weigh."""

SVG = "{http://www.w3.org/2000/svg}"

Entry = dict[str, Any]


def recorded(*entries: Entry) -> dict[str, Any]:
    return {"story": "A <call> & more", "entries": list(entries)}


def on(phone: str, kind: str, **what: object) -> Entry:
    return {"t": 0.0, "kind": kind, "phone": phone, **what}


CALL = (
    {"t": 0.0, "kind": "caption", "text": "She dials."},
    on("caller", "dial", dialled="*384*3029#"),
    on("caller", "screen", text="Health & Family Info\n1 Urgent <help> now", state="open"),
    on("caller", "press", typed="1"),
    on("caller", "repeat"),
    on("caller", "screen", text="Code 123456.", state="ended"),
    {"t": 0.0, "kind": "time", "minutes": 5},
    on("nurse", "sms", sender="INFO", text="[ISANGE] 123456 P1 new."),
    on("nurse", "write", to="INFO", text="1 123456 7890"),
    on("nurse", "coverage", reachable=False),
    on("nurse", "coverage", reachable=True),
    on("caller", "dial", dialled="*384*3029#"),
    on("caller", "screen", text="", state="expired"),
    on("caller", "hang_up"),
)


def drawn(*entries: Entry) -> ElementTree.Element:
    return ElementTree.fromstring(drawing.draw(film.shoot(recorded(*entries))))  # noqa: S314 - ours


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(one.itertext()) for one in picture.iter(f"{SVG}text")]


def test_everything_that_was_seen_is_in_it() -> None:
    shown = texts(drawn(*CALL))

    for line in (
        "She dials.",
        "*384*3029#",
        "Health & Family Info",
        "1 Urgent <help> now",
        "Code 123456.",
        "5 minutes later",
        "1 123456 7890",
        "No network",
        "Connection problem",
        "Caller",
        "Nurse",
    ):
        assert line in shown, line


def test_it_has_a_title_and_says_in_words_what_happens() -> None:
    picture = drawn(*CALL)

    assert picture.findtext(f"{SVG}title") == "A <call> & more"
    assert picture.findtext(f"{SVG}desc") == "She dials. 5 minutes later"


def test_it_runs_nothing_and_asks_nobody() -> None:
    picture = drawn(*CALL)
    text = ElementTree.tostring(picture, "unicode")

    assert not [one for one in picture.iter() if one.tag in {f"{SVG}script", f"{SVG}image"}]
    assert not re.search(r"\bon\w+=|url\((?!#)|href=\"(?!#)|@import|javascript:", text)
    outside = set(re.findall(r"https?://[^\"' <]+", text)) - {"http://www.w3.org/2000/svg"}
    assert outside == set()


def test_who_wants_no_motion_sees_the_last_picture() -> None:
    style = drawn(*CALL).findtext(f"{SVG}style") or ""

    assert "@media (prefers-reduced-motion:reduce){*{animation:none!important}}" in style
    assert re.search(r"#s0\{transform:translateY\(-?\d+px\);animation-name:s0\}", style)


@pytest.mark.parametrize("length", [10, 160, 182, 400])
def test_a_long_screen_has_room(length: int) -> None:
    words = ("word " * length)[:length]
    picture = drawn(on("c", "dial", dialled="*1#"), on("c", "screen", text=words, state="open"))

    said = " ".join(line for line in texts(picture) if line.startswith("word"))
    assert said.split() == words.split()
    heights = [
        float(one.get("y") or 0) * _scale(group)
        for group in picture.iter(f"{SVG}g")
        if "scale" in (group.get("transform") or "") or group.find(f"{SVG}text") is not None
        for one in group.findall(f"{SVG}text")
        if (one.text or "").startswith("word")
    ]
    assert max(heights) <= 220


def _scale(group: ElementTree.Element) -> float:
    found = re.search(r"scale\(([\d.]+)\)", group.get("transform") or "")
    return float(found[1]) if found else 1.0


def test_a_long_story_is_light() -> None:
    screen = on("c", "screen", text="Which province?\n" + "1 A line of words\n" * 8, state="open")
    story = [one for place in range(100) for one in (on("c", "press", typed=str(place)), screen)]

    assert len(drawing.draw(film.shoot(recorded(*story))).encode()) < LIGHT


@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_text_can_be_drawn(wild: list[str]) -> None:
    entries = [
        one
        for text in wild
        for one in (
            {"t": 0.0, "kind": "caption", "text": text},
            on("c", "dial", dialled=text),
            on("c", "screen", text=text, state="open"),
            on("c", "press", typed=text),
            on("c", "sms", sender=text, text=text),
            on("c", "write", to=text, text=text),
        )
    ]
    assert drawn(*entries).tag == f"{SVG}svg"


def test_nothing_recorded_is_a_picture_too() -> None:
    assert drawn().tag == f"{SVG}svg"


def test_a_film_leaves_time_to_read() -> None:
    shot = film.shoot(recorded(*CALL))
    (caller, nurse) = shot.tracks

    moments = [moment for moment, _ in caller.faces]
    assert moments == sorted(moments)
    assert [face.kind for _, face in nurse.faces] == ["home", "sms", "mine", "no network", "home"]
    assert [key for _, key in caller.keys][:10] == list("*384*3029#")
    assert shot.seconds > moments[-1]
