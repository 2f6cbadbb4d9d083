"""Kenya: two levels, other languages, words and numbers, and not one line of code for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import phonenumbers
import pytest

from gateway.country.pack import Pack, load_country
from gateway.country.places import Point
from gateway.country.translations import shipped
from gateway.runtime import phones
from gateway.runtime.settings import Settings, SettingsError
from gateway.vault.roles import Role
from gateway.wiring import Parts
from menus import gsm7
from menus.callers import welcome
from menus.engine import Engine
from menus.intents import Intent, KeepDraft, Send
from menus.script import SCREENS, Caller, Choose
from menus.speech import Speech
from sandbox.demo import sample
from sandbox.demo.folder import DataFolder
from tests.one_process_line import Line, digits
from tests.services import PATIENCE

KENYA = load_country("ke")
LANGUAGES = tuple(KENYA.languages)
COUNTIES, SUB_COUNTIES = KENYA.places.all(0), KENYA.places.all(1)
REF = "123456782"

KENYAN = "+254722000001"

REPORT = {"welcome.first": "2", "report.age": "4", "report.secret": "2580"}
CHILD = {"welcome.first": "3", "child.in_danger": "2"}
CHILD_IN_DANGER = {"welcome.first": "3", "child.call_now": "2"}
NEAREST = {"welcome.first": "4"}
CALL_ME = {"welcome.first": "7"}
DANGER = {"welcome.first": "1"}
"""Keys by screen; any other screen is answered with 1."""


# What is in the folder.


def test_kenya_is_whole() -> None:
    assert (len(COUNTIES), len(SUB_COUNTIES), len(KENYA.centres)) == (47, 290, 27)
    assert (KENYA.places.levels, KENYA.places.centre_level, KENYA.places.search_level) == (2, 0, 1)
    assert all(KENYA.places.children(county.id) for county in COUNTIES)
    assert not any(KENYA.places.children(one.id) for one in SUB_COUNTIES)
    assert len({one.name for one in SUB_COUNTIES}) == 290


def test_counties_are_offered_in_alphabetical_order() -> None:
    names = [one.name for one in COUNTIES]
    assert names == sorted(names)


def test_every_point_lies_in_kenya() -> None:
    points = [KENYA.places.point(one.id) for one in (*COUNTIES, *SUB_COUNTIES)]
    assert all(-4.7 < point.lat < 5.1 and 33.9 < point.lon < 41.9 for point in points)


def test_every_county_touches_others_and_they_touch_it() -> None:
    beside = KENYA.neighbours
    assert set(beside) == {one.id for one in COUNTIES}
    assert all(beside.values())
    assert not [(one, other) for one in beside for other in beside[one] if one not in beside[other]]


def test_kenya_has_its_own_words_and_numbers() -> None:
    assert {use: line.number for use, line in KENYA.hotlines.items()} == {
        "police": "999",
        "child": "116",
        "centre": "1195",
    }
    assert [one.name for one in KENYA.languages.values()] == ["English", "Kiswahili"]
    assert (KENYA.reception.ask_for, KENYA.investigator.name) == ("GBVRC", "DCI")
    assert KENYA.timezone.key == "Africa/Nairobi"
    assert KENYA.networks.names["63902"] == "Safaricom"
    assert phones.parse("0722 000 001", KENYA.region).reveal() == KENYAN


def test_nothing_of_it_is_verified_and_production_says_so(
    settings: Callable[..., Settings],
) -> None:
    facts = KENYA.unverified()
    assert {"hotline police", "hotline child", "hotline centre", "language sw"} <= set(facts)
    assert sum(fact.startswith("centre ") for fact in facts) == len(KENYA.centres)
    assert all(row.shown().sample for row in KENYA.centres)

    live = {
        "ISANGE_ENV": "production",
        "DATABASE_URL": "postgresql:///nowhere",
        "ISANGE_METRICS_TOKEN": "a token",
    }
    with pytest.raises(SettingsError, match="not verified"):
        Parts(settings(ISANGE_COUNTRY="ke", **live), "web").pack  # noqa: B018


@pytest.mark.parametrize("country", ["ke", "rw"])
def test_staff_of_the_demo_have_numbers_of_their_country(country: str) -> None:
    pack = load_country(country)
    numbers = [phonenumbers.parse(person.phone) for person in sample.staff(pack)]

    assert len({one.national_number for one in numbers}) == 3 + 4 * len(pack.centres)
    assert all(phonenumbers.is_valid_number_for_region(one, pack.region) for one in numbers)


def test_a_country_without_a_numbering_plan_of_its_own_has_a_demo_all_the_same() -> None:
    island = Pack(**{**vars(KENYA), "region": "ZZ", "dialling_code": "254"})
    assert next(sample.staff(island)).phone == "+254700000000"


# Which place, and which centre.


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("kib", "nairobi/kibra"),
        ("Lang'ata", "nairobi/langata"),
        ("viiga", "vihiga/vihiga"),
        ("embakasi s", "nairobi/embakasi-south"),
        ("chuka", "tharaka-nithi/chuka-igambangombe"),
        ("igamba", "tharaka-nithi/chuka-igambangombe"),
        ("soin", "kericho/sigowet-soin"),
        ("usonga", "siaya/alego-usonga"),
    ],
)
def test_a_sub_county_is_found_by_its_first_letters(typed: str, first: str) -> None:
    assert KENYA.places.search(typed)[0].id == first


@pytest.mark.parametrize("typed", ["imen", "imenti", "Imente"])
def test_a_place_is_found_by_a_later_word_of_its_name(typed: str) -> None:
    """Who lives in North Imenti says Imenti."""
    assert [one.name for one in KENYA.places.search(typed)] == [
        "Central Imenti",
        "North Imenti",
        "South Imenti",
    ]


def test_a_later_word_never_pushes_aside_what_begins_so() -> None:
    found = [one.name for one in KENYA.places.search("west")]
    assert found[:3] == ["West Mugirango", "Westlands", "Embakasi West"]
    assert [one.name for one in KENYA.places.search("westl")] == ["Westlands", "West Mugirango"]


def test_every_sub_county_is_found_by_its_whole_name() -> None:
    assert [one.id for one in SUB_COUNTIES if KENYA.places.search(one.name)[0] != one] == []


@pytest.mark.parametrize(
    ("area", "first"),
    [
        ("nairobi/westlands", ["nairobi-womens", "kenyatta", "mama-lucy", "kiambu"]),
        ("kajiado/kajiado-north", ["kenyatta", "nairobi-womens"]),
        ("turkana/loima", ["lodwar", "kitale"]),
        ("homa-bay/suba-north", ["homa-bay", "jaramogi"]),
        ("kilifi", ["kilifi", "malindi", "coast-general"]),
    ],
)
def test_the_own_county_comes_first_then_those_beside_it(area: str, first: list[str]) -> None:
    near = [centre.id for centre in KENYA.ranking().near(area)]
    assert near[: len(first)] == first
    assert len(near) == 27


def test_a_county_stands_in_the_middle_of_its_sub_counties() -> None:
    middle = KENYA.places.point("nairobi")
    assert middle.km_to(Point(-1.29, 36.85)) < 5


# Calls through the real dialogue.


class Handset:
    """A basic phone in a Kenyan hand: what it cannot show, or a key that does nothing, fails."""

    def __init__(self, language: str) -> None:
        self._engine = menus()
        self._state = self._engine.begin(language)
        self.seen: list[str] = []
        self.intents: list[Intent] = []
        self._look()

    @property
    def screen(self) -> str:
        return self._state.trail[-1].screen

    def press(self, key: str) -> None:
        turn = self._engine.turn(self._state, key)
        assert turn.note is None, f"{key!r} is no answer to this:\n{self.text}"
        self._state = turn.state
        if turn.intent:
            self.intents.append(turn.intent)
            fact = "draft" if isinstance(turn.intent, KeepDraft) else "ref"
            self._state = turn.state.learn({fact: REF})
        self._look()

    def choose(self, label: str) -> None:
        """Press the number of a line, on whatever page it stands."""
        while not (keys := [key for key, line in self._lines() if line == label]):
            self.press(self._more())
        self.press(keys[0])

    def leaf(self) -> Iterator[str]:
        """The pages of this screen."""
        yield self.text
        while self._more():
            self.press(self._more())
            yield self.text

    def answer(self, keys: Mapping[str, str]) -> Handset:
        """Answer every screen by its key in `keys`, or 1, until the line ends the call."""
        while not self.ended:
            key = keys.get(self.screen, "1")
            if key.isdecimal() or self._asks():
                self.press(key)
            else:
                self.choose(key)
        return self

    @property
    def report(self) -> Send:
        """What was sent last."""
        sent = self.intents[-1]
        assert isinstance(sent, Send)
        return sent

    def _look(self) -> None:
        page = self._engine.page(self._state)
        self.text, self.ended = page.text, page.ends
        self.seen.append(self.screen)
        assert gsm7.septets(self.text) <= gsm7.PAGE, f"too long for a phone:\n{self.text}"

    def _lines(self) -> Iterator[tuple[str, str]]:
        return ((line[0], line[2:]) for line in self.text.split("\n") if line[1:2] == " ")

    def _more(self) -> str:
        more = {"en": "More", "sw": "Zaidi"}[self._state.language]
        return next((key for key, line in self._lines() if line == more), "")

    def _asks(self) -> bool:
        country = self._engine.country
        caller = Caller(country, self._state.language, self._state.trail)
        return not isinstance(SCREENS[self.screen].show(caller), Choose)


@cache
def menus() -> Engine:
    country = KENYA.menus_country(LANGUAGES, KENYA.ranking())
    return Engine(welcome.first, country, Speech(shipped(LANGUAGES)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_knows_the_county_and_no_more(language: str) -> None:
    phone = Handset(language).answer({**REPORT, "place.roughly": "Nairobi"})

    assert phone.screen == "report.sent"
    assert phone.report.area == "nairobi"
    assert phone.report.centre in {"kenyatta", "nairobi-womens", "mama-lucy"}
    assert (REF in phone.text, "999" in phone.text) == (True, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_childs_place_is_typed_and_no_smaller_area_is_asked(language: str) -> None:
    phone = Handset(language).answer({**CHILD, "child.where": "imen", "child.may_call": "5"})

    assert phone.screen == "child.sent"
    assert phone.report.area == "meru/central-imenti"
    assert phone.report.contact is None
    assert phone.report.centre == "meru"
    assert "child.cell" not in phone.seen


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_alert_of_who_stays_unknown_leaves_with_the_smallest_area(language: str) -> None:
    phone = Handset(language).answer({**CHILD_IN_DANGER, "child.where": "imen"})

    assert phone.screen == "child.sent"
    assert phone.report.contact is None
    areas = [(sent.about, sent.area) for sent in phone.intents if isinstance(sent, Send)]
    where = "meru/central-imenti"
    assert areas == [("child_danger", None), ("child_danger", where), ("child", where)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_can_type_or_will_not_say_need_not_page_through_47_counties(language: str) -> None:
    phone = Handset(language)
    phone.press("4")
    type_it, skip = {
        "en": ("Type the name of the sub-county", "Prefer not to say"),
        "sw": ("Andika jina la kaunti ndogo", "Sitaki kusema"),
    }[language]

    assert type_it in phone.text
    assert skip in phone.text


def test_the_language_is_asked_in_a_language_of_the_country() -> None:
    phone = Handset("en")
    phone.press("8")
    assert phone.text.startswith("Language\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sub_county_leads_to_a_centre(language: str) -> None:
    for area in SUB_COUNTIES:
        county = KENYA.places.within(area.id, 0)
        assert county
        where = {"place.exactly": county.name, "place.area": area.name}
        phone = Handset(language).answer({**NEAREST, **where})

        nearest = KENYA.ranking().near(area.id)[0]
        assert phone.screen == "centres.details"
        assert nearest.name in phone.text
        assert "GBVRC" in phone.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_letters_of_every_sub_county_fit_a_phone(language: str) -> None:
    for area in SUB_COUNTIES:
        phone = Handset(language)
        for key in ("3", "2", "1", "3", "3"):  # What worries her, and when: no matter which.
            phone.press(key)
        assert phone.screen == "child.where"
        phone.press(area.name[:3])
        assert any(f"{area.name}, " in page for page in phone.leaf()), area.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_centres_can_be_paged_through(language: str) -> None:
    phone = Handset(language)
    phone.press("4")
    phone.choose("Baringo")
    phone.press("1")
    phone.press("3")
    assert phone.screen == "centres.further"
    shown = "\n".join(phone.leaf())
    assert sum(row.name in shown for row in KENYA.centres) == len(KENYA.centres) - 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("keys", "last", "keystrokes"),
    [(CALL_ME, "call_me.sent", 4), (DANGER, "emergency.sent", 3)],
)
def test_the_short_ways_are_as_short_as_anywhere(
    language: str, keys: Mapping[str, str], last: str, keystrokes: int
) -> None:
    phone = Handset(language).answer(keys)

    assert phone.screen == last
    assert len(phone.seen) == 1 + keystrokes
    assert "999" in phone.text


# The service, in this country.


@pytest.fixture
def line(settings: Callable[..., Settings]) -> Iterator[Line]:
    """The whole line in this process, in Kenya and in Swahili."""
    kenya = {"ISANGE_COUNTRY": "ke", "ISANGE_LANGUAGE": "sw"}
    roles: tuple[Role, ...] = ("web", "staff", "worker")
    made = Line(*(Parts(settings(role, **kenya), role) for role in roles))
    yield made
    made.close()


def test_a_caller_in_danger_is_alerted_for_and_accepted(line: Line) -> None:
    duty = line.staff("national", "national")
    phone = line.phone(KENYAN).dial().sees("Habari za afya na familia").press(1)
    phone.sees("999", "116", "1195").press(1, 1).hangs_up()

    alert = next(sms for sms in line.deliver() if sms.to == duty)

    assert alert.text.startswith("[HEALTH LINE]")
    assert "*384*1196#" in alert.text
    told = line.text(duty, f"1 {phone.code} {digits(alert)}")
    assert f"{phone.code} is yours" in told[0].text


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["--country", "ke"], "holds a demo with --country rw"),
        (["--country", "ke", "--language", "rw"], "--language must be one of en, sw"),
        (["--country", "xx"], "choose one of ke, rw"),
    ],
)
def test_a_demo_stays_in_its_country(tmp_path: Path, words: list[str], refusal: str) -> None:
    """Centres and staff of one country, with the hotlines of another, would help nobody."""
    with DataFolder.open(tmp_path) as folder:
        folder.claim("settings.json")
        folder.write("settings.json", json.dumps({"country": "rw"}))

    command = [sys.executable, "-m", "commands.cli", "demo", "--port", "0", "--data", str(tmp_path)]
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=PATIENCE)

    assert (done.returncode, done.stdout) == (2, "")
    assert refusal in done.stderr
    assert done.stderr.count("\n") == 1
