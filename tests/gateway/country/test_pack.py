"""A country is a folder of facts: what a good one gives, and how a bad one is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import phonenumbers
import pytest

from gateway.country.pack import Pack, load, load_country
from gateway.country.reading import BadFile, Problem
from menus.gsm7 import BASIC

ATLANTIS = {
    "country.toml": """\
name = "Atlantis"
service = "PONS"
region = "AT"
dialling_code = "43"
timezone = "Atlantic/Azores"
levels = ["island", "village"]
centre_level = "island"
search_level = "village"
default_language = "la"
staff_language = "la"

[languages.la]
name = "Latina"
title = "Salus"
levels = ["insula", "vicus"]
questions = ["Qua in insula?", "Quo in vico?"]
source = "a grammar"
verified_on = 2026-01-31
verified_by = "Cicero"

[languages.la.areas]
north = "Septentrio"

[hotlines.police]
number = "999"
source = "a wall"
verified_on = "2026-01-30"
verified_by = "Cicero"

[hotlines.child]
number = "998"
source = "a wall"

[hotlines.centre]
number = "997"
source = "a wall"

[reception]
ask_for = "SPES"
source = "a wall"

[investigator]
name = "VIGILES"
source = "a wall"

[duty_desk]
id = "capitol"
name = "Capitol"

[hours]
now_minutes = 30
morning = ["06:00", "11:00"]
afternoon = ["11:00", "16:30"]
evening = ["16:30", "19:00"]

[limits]
call_back_minutes = 10
my_code_tries_per_day = 3
fold_minutes = 0
delivery_minutes = 3
phone_test_days = 7
check_in_days = 0
calls_per_hour = 0
reports_per_hour = 0
reports_per_day = 0
flood_calls = 0
caller_sms_per_day = 0

[retention]
contact = 1
answers = 2
audit = 3
drafts = 1
logs = 2

[escalation]
P1 = [1, 2]
P2 = [10]
P3 = [100]

[reminders]
P1 = [7, 8, 9]
P2 = [10, 20, 30]
P3 = [100, 200, 300]

[codes]
callers = "*1*2#"
staff = "*3#"
source = "a wall"

[sms]
keyword = "SALUS"
stop = ["SISTE"]

[networks]
source = "a wall"

[networks.names]
1 = "Neptune"

[spelling]
v = "u"

[nearest]
"south/mergus" = ["templum"]

[sources."areas.csv"]
source = "a map"
licence = "CC0"
""",
    "areas.csv": """\
id,name,parent,level,lat,lon
north,North,,0,36.5,-25.0
south,South,,0,,
south/mergus,Mergus,south,1,35.0,-25.0
south/vadum,Vadum,south,1,34.0,-25.0
north/collis,Collis,north,1,36.0,-25.0
""",
    "centres.csv": """\
id,name,area,town,open_24h,kind,source,verified_on,verified_by,lat,lon
templum,Templum,north,Portus,no,hospital,a map,,,,
domus,Domus,south/vadum,Vadum,yes,health-centre,a map,2026-01-31,Cicero,34.1,-25.0
""",
    "neighbours.json": '{\n "north": ["south"],\n "south": ["north"]\n}\n',
}

Atlantis = Callable[..., Path]


@pytest.fixture
def atlantis(tmp_path: Path) -> Atlantis:
    """Writes a small country with two levels; each argument replaces a part of one file."""

    def write(file: str = "country.toml", old: str = "", new: str = "") -> Path:
        assert old in ATLANTIS[file]
        for name, text in ATLANTIS.items():
            (tmp_path / name).write_text(text.replace(old, new, 1) if name == file else text)
        return tmp_path

    return write


@pytest.fixture(scope="module")
def rwanda() -> Pack:
    return load_country("rw")


def problems(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(BadFile) as caught:
        load(folder)
    return caught.value.problems


# A second country, with two levels, other languages and other words.


def test_any_country_can_be_a_folder(atlantis: Atlantis) -> None:
    pack = load(atlantis())

    assert (pack.name, pack.region, pack.dialling_code) == ("Atlantis", "AT", "43")
    assert pack.timezone.key == "Atlantic/Azores"
    assert (pack.places.levels, pack.places.centre_level, pack.places.search_level) == (2, 0, 1)
    assert pack.hours.afternoon.end == time(16, 30)
    assert pack.escalation == {"P1": (1, 2), "P2": (10,), "P3": (100,)}
    assert pack.networks.names == {"1": "Neptune"}
    assert pack.alike == (("v", "u"),)
    assert [area.name for area in pack.places.children("south")] == ["Mergus", "Vadum"]
    assert [area.name for area in pack.places.search("uad")] == ["Vadum"]


def test_the_operators_own_order_comes_first(atlantis: Atlantis) -> None:
    near = load(atlantis()).ranking().near

    assert [centre.id for centre in near("south/mergus")] == ["templum", "domus"]
    assert [centre.id for centre in near("south")] == ["domus", "templum"]


def test_verified_facts_leave_the_list(atlantis: Atlantis) -> None:
    pack = load(atlantis())

    assert pack.languages["la"].provenance.verified_on == date(2026, 1, 31)
    assert pack.unverified() == [
        "hotline child",
        "hotline centre",
        "word at the reception",
        "name of the investigator",
        "USSD codes",
        "network names",
        "file areas.csv",
        "centre templum",
    ]
    assert "centre templum" not in pack.unverified(centres=[])


def test_the_menus_get_what_they_need(atlantis: Atlantis) -> None:
    pack = load(atlantis())
    ranking = pack.ranking()
    country = pack.menus_country(["la"], ranking)

    assert country.centres is ranking
    assert country.places is pack.places
    assert country.hotlines.police == "999"
    assert (country.desk, country.call_back_minutes) == ("SPES", 10)
    assert country.languages == {"la": "Latina"}
    assert country.titles == {"la": "Salus"}
    assert country.questions == {"la": ("Qua in insula?", "Quo in vico?")}
    assert country.level_names == {"la": ("insula", "vicus")}
    assert country.name_of(country.places.children(None)[0], "la") == "Septentrio"
    assert country.investigator == "VIGILES"
    with pytest.raises(KeyError):
        pack.menus_country(["rw"], ranking)


# What an operator does wrong. Field and advice are told, and the line is one that holds `marker`.

TOML_FAULTS = [
    ('name = "Atlantis"\n', "", "name", "is empty", "service"),
    ('"Atlantis"', "7", "name", "must be text", "name = 7"),
    ('"Atlantis"', '"Atlantis, the sunken one"', "name", "shorten it to 20", "name"),
    ('"Atlantis"', '"Αtlantis"', "name", "outside GSM-7", "name"),
    ('"Atlantis"', '"Atlan\\ntis"', "name", "line break", "name"),
    ('"AT"', '"at"', "region", "two capital letters", "region"),
    ('"43"', '"+43"', "dialling_code", "without +", "dialling_code"),
    ("Atlantic/Azores", "Atlantis/Main", "timezone", "Continent/City", "timezone"),
    ("Atlantic/Azores", "../../etc", "timezone", "Continent/City", "timezone"),
    ('["island", "village"]', '"island"', "levels", "list of texts", "levels"),
    ('centre_level = "island"', 'centre_level = "x"', "centre_level", "one of", "centre_level"),
    ('default_language = "la"', 'default_language = "rw"', "default_language", "one of la", "rw"),
    ("[languages.la]", "[languages.latin]", "languages.latin.name", "language code", "Latina"),
    ('["insula", "vicus"]', '["insula"]', "languages.la.levels", "give it 2", "insula"),
    ('"Qua in insula?"', '"Qua… ?"', "languages.la.questions", "GSM-7", "questions"),
    ('"Salus"', f'"{"a" * 31}"', "languages.la.title", "shorten it to 30", "title"),
    ('"999"', '"0 999"', "hotlines.police.number", "digits", "0 999"),
    ('"2026-01-30"', '"30.1.2026"', "hotlines.police.verified_on", "YYYY-MM-DD", "30.1"),
    ('"2026-01-30"\n', '""\n', "hotlines.police.verified_by", "both", 'verified_by = "Cicero"'),
    ("[hotlines.child]", "[hotlines.kid]", "hotlines.child", "add [hotlines.child]", ""),
    ("[hotlines.child]", "[hotlines.kid]", "hotlines.kid", "not known", "[hotlines.kid]"),
    ("[reception]", "[recepcion]", "recepcion", "not known here", "[recepcion]"),
    ('id = "capitol"', 'id = "Cap 1"', "duty_desk.id", "lower-case", "Cap 1"),
    ('["06:00", "11:00"]', '["11:00", "06:00"]', "hours.morning", "earlier first", "morning"),
    ('["06:00", "11:00"]', '["6", "11"]', "hours.morning", "earlier first", "morning"),
    ('["06:00", "11:00"]', '["06:00"]', "hours.morning", "earlier first", "morning"),
    ("contact = 1", "contact = 0", "retention.contact", "from 1 to", "contact = 0"),
    ("drafts = 1", "draft = 1", "retention.draft", "not known here", "draft = 1"),
    ("fold_minutes = 0", "fold_minutes = -1", "limits.fold_minutes", "from 0 to", "-1"),
    ("fold_minutes = 0", "fold_minutes = true", "limits.fold_minutes", "whole number", "true"),
    ("fold_minutes = 0", "fold = 0", "limits.fold", "not known here", "fold = 0"),
    ("P1 = [1, 2]", "P1 = [2, 1]", "escalation.P1", "more than the last", "P1"),
    ("P1 = [1, 2]", "P1 = [0]", "escalation.P1", "above 0", "P1"),
    ("P1 = [1, 2]", "P1 = []", "escalation.P1", "minutes", "P1"),
    ("P1 = [1, 2]", "P4 = [1, 2]", "escalation.P1", "minutes", "[escalation]"),
    ("P1 = [7, 8, 9]", "P1 = [7, 8]", "reminders.P1", "must be 3 times", "P1 = [7, 8]"),
    ('"*1*2#"', '"*1*2"', "codes.callers", "USSD code", "callers"),
    ('"*1*2#"', '"*3#"', "codes.staff", "must differ", "staff ="),
    ('source = "a map"', 'sauce = "a map"', "sources.areas.csv.source", "is empty", "[sources."),
    ('["templum"]', '["domus", "temple"]', "nearest.south/mergus", "centres.csv", "temple"),
    ('["templum"]', '["domus", "domus"]', "nearest.south/mergus", "each once", "mergus"),
    ('"south/mergus" =', '"south/mergis" =', "nearest.south/mergis", "areas.csv", "mergis"),
    ('name = "Atlantis"', 'name = "Atlantis', "file", "no TOML", "Atlantis"),
]


@pytest.mark.parametrize(("old", "new", "field", "advice", "marker"), TOML_FAULTS)
def test_a_fault_in_country_toml_is_told_with_its_line(
    atlantis: Atlantis, old: str, new: str, field: str, advice: str, marker: str
) -> None:
    folder = atlantis("country.toml", old, new)
    found = [one for one in problems(folder) if one.field == field]

    assert found, f"no problem with {field}: {problems(folder)}"
    assert found[0].file == "country.toml"
    assert advice in found[0].advice
    assert marker in (folder / "country.toml").read_text().splitlines()[found[0].line - 1]


def test_all_faults_of_a_file_are_told_at_once(atlantis: Atlantis) -> None:
    folder = atlantis("country.toml", '"998"', '""')
    text = (folder / "country.toml").read_text().replace('"997"', "997").replace("Azores", "Rome")
    (folder / "country.toml").write_text(text)

    fields = [problem.field for problem in problems(folder)]
    assert fields == ["timezone", "hotlines.child.number", "hotlines.centre.number"]


AREA_FAULTS = [
    ("id,name", "id,title", 1, "heading"),
    ("id,name,parent", "parent,id,id", 1, "heading"),
    ("south,South,,0,,", "south,South,,0,", 3, "line"),
    ("south,South,,0,,", "south,South,,1,,", 3, "level"),
    ("south,South,,0,,", "South,South,,0,,", 3, "id"),
    ("south,South,,0,,", "north,South,,0,,", 3, "id"),
    ("south,South,,0,,", "south,,,0,,", 3, "name"),
    ("south,South,,0,,", "south,South,,0,35,", 3, "lon"),
    ("south/mergus,Mergus,south,1", "south/mergus,Mergus,west,1", 4, "parent"),
    ("south/mergus,Mergus,south,1", "north/mergus,Mergus,south,1", 4, "id"),
    ("south/mergus,Mergus,south,1", "south/mergus,Mergus,south,2", 4, "level"),
    ("south/vadum,Vadum,south,1", "south/mergus/vadum,Vadum,south/mergus,2", 5, "level"),
    ("south/vadum,Vadum,south,1,34.0", "south/vadum,Vadum,south,1,91", 5, "lat"),
    ("south/vadum,Vadum,south,1,34.0", "south/vadum,Vadum,south,1,nan", 5, "lat"),
    ("south/vadum,Vadum,south,1,34.0,-25.0", "south/vadum,Vadum,south,1,,", 5, "lat"),
    ("Collis", '"Collis', 6, "line"),
]


@pytest.mark.parametrize(("old", "new", "line", "field"), AREA_FAULTS)
def test_a_fault_in_areas_csv_is_told_with_its_line(
    atlantis: Atlantis, old: str, new: str, line: int, field: str
) -> None:
    found = problems(atlantis("areas.csv", old, new))

    assert ("areas.csv", line, field) in [(one.file, one.line, one.field) for one in found]


@pytest.mark.parametrize(
    ("cells", "line", "field"),
    [
        ("parent,name\nsouth/mergus,A\n", 2, "parent"),  # Atlantis has no third level
        ("parent,name\nwest,A\n", 2, "parent"),
        ("parent,name\nsouth,Mergus\n", 2, "name"),
        ("parent,name\nsouth,B\nsouth,b\n", 3, "name"),
        ("parent,name\nsouth,\n", 2, "name"),
        ("parent,name\nsouth,a name of 21 letters.\n", 2, "name"),
        ("parent;name\n", 1, "heading"),
        ("", 1, "heading"),
    ],
)
def test_a_fault_in_cells_csv_is_told_with_its_line(
    atlantis: Atlantis, cells: str, line: int, field: str
) -> None:
    folder = atlantis()
    (folder / "cells.csv").write_text(cells)
    found = problems(folder)

    assert [(one.file, one.line, one.field) for one in found] == [("cells.csv", line, field)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n "north": ["south"],\n "west": ["north"]\n}', 3),
        ('{\n "north": ["west"]\n}', 2),
        ('{\n "north": ["north"]\n}', 2),
        ('{\n "south/mergus": ["north"]\n}', 2),
        ('{\n "north": ["south"],\n "north": []\n}', 2),
        ('{\n "north": "south"\n}', 1),
        ('{\n "north": {"south": 1}\n}', 1),
        ('{\n "north": [1]\n}', 1),
        ('["north"]', 1),
        ("null", 1),
        ('{\n "north": ["south"]\n "south": []\n}', 3),
        ("[" * 100_000, 1),
    ],
)
def test_a_fault_in_neighbours_json_is_told_with_its_line(
    atlantis: Atlantis, text: str, line: int
) -> None:
    folder = atlantis()
    (folder / "neighbours.json").write_text(text)

    assert [(one.file, one.line) for one in problems(folder)] == [("neighbours.json", line)]


@pytest.mark.parametrize("file", sorted(ATLANTIS))
def test_a_missing_or_unreadable_file_is_told(atlantis: Atlantis, file: str) -> None:
    folder = atlantis()
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(b"\n\n\xff" + whole)
    assert [(one.file, one.line, one.field) for one in problems(folder)] == [(file, 3, "file")]

    (folder / file).unlink()
    assert [str(one) for one in problems(folder)] == [f"{file}:1: file: is missing: put it there"]

    (folder / file).mkdir()
    assert "cannot be read" in str(problems(folder)[0])


def test_a_centre_may_not_take_the_id_of_the_duty_desk(atlantis: Atlantis) -> None:
    found = problems(atlantis("centres.csv", "domus,", "capitol,"))

    assert [(one.file, one.line, one.field) for one in found] == [("centres.csv", 3, "id")]


def test_only_countries_we_have_are_loaded(atlantis: Atlantis, tmp_path: Path) -> None:
    atlantis()
    assert load_country(tmp_path.name, tmp_path.parent).name == "Atlantis"

    for code in ("xx", "", "RW", "../rw", "rw/", "."):
        with pytest.raises(BadFile, match=r"choose one of .*\brw\b"):
            load_country(code)


def test_no_message_quotes_what_a_file_holds(atlantis: Atlantis) -> None:
    """The file given may be the list of staff: its numbers must not reach a log."""
    staff = "+250788123456,0788123456,Uwase\n" * 3
    for file in ("areas.csv", "centres.csv", "country.toml", "neighbours.json"):
        folder = atlantis()
        (folder / file).write_text(staff)
        assert not re.search("0788|Uwase", "\n".join(map(str, problems(folder))))
    row = "0788123456,0788123456,0788123456,0788123456,0788,0788,0788,0788,0788,0788,0788\n"
    folder = atlantis("centres.csv", "templum,", row + "templum,")
    assert "0788" not in "\n".join(map(str, problems(folder)))


# Rwanda.


def test_rwanda_is_whole(rwanda: Pack) -> None:
    places = rwanda.places
    assert [len(places.all(level)) for level in range(4)] == [5, 30, 416, 2149]
    assert len(rwanda.centres) == 47

    ids = [area.id for level in range(4) for area in places.all(level)]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9/-]+", one) for one in ids)

    sectors = {(area.parent, area.name) for area in places.all(2)}
    assert len(sectors) == 416
    assert len({name for _, name in sectors}) == 379
    assert all(places.children(sector.id) for sector in places.all(2))
    assert [area.name for area in places.all(0)] == ["Kigali", "North", "South", "East", "West"]


def test_rwandas_languages_and_numbers_are_those_of_the_screens(rwanda: Pack) -> None:
    assert [(code, one.name) for code, one in rwanda.languages.items()] == [
        ("rw", "Ikinyarwanda"),
        ("en", "English"),
        ("fr", "Francais"),
        ("sw", "Kiswahili"),
    ]
    assert (rwanda.default_language, rwanda.staff_language) == ("rw", "en")
    assert rwanda.languages["en"].title == "Health & Family Info"
    assert rwanda.languages["rw"].questions[0] == "Hitamo intara"
    assert {use: one.number for use, one in rwanda.hotlines.items()} == {
        "police": "112",
        "child": "116",
        "centre": "3029",
    }
    assert rwanda.escalation == {"P1": (5, 10, 15), "P2": (30, 60), "P3": (240,)}
    assert rwanda.hours.evening.start == time(17)
    assert rwanda.limits.my_code_tries_per_day == 5
    assert rwanda.networks.names["63510"] == "MTN"


def test_rwandas_region_and_dialling_code_agree(rwanda: Pack) -> None:
    code = phonenumbers.country_code_for_region(rwanda.region)
    assert str(code) == rwanda.dialling_code


def test_nothing_of_rwanda_is_verified(rwanda: Pack) -> None:
    """When somebody verifies a fact, this list gets shorter: that is the only reason to edit it."""
    unverified = rwanda.unverified()
    assert [one for one in unverified if not one.startswith("centre ")] == [
        "hotline police",
        "hotline child",
        "hotline centre",
        "language rw",
        "language en",
        "language fr",
        "language sw",
        "word at the reception",
        "name of the investigator",
        "USSD codes",
        "network names",
        "file areas.csv",
        "file cells.csv",
        "file neighbours.json",
    ]
    assert len([one for one in unverified if one.startswith("centre ")]) == 47
    assert all(row.shown().sample for row in rwanda.centres)


def test_a_basic_phone_can_show_every_name_of_rwanda(rwanda: Pack) -> None:
    names = [area.name for level in range(4) for area in rwanda.places.all(level)]
    names += [name for row in rwanda.centres for name in (row.name, row.town)]
    for language in rwanda.languages.values():
        names += [language.name, language.title, *language.levels, *language.questions]

    assert BASIC.issuperset("".join(names))
    assert max(map(len, names)) <= 30


def test_rwandas_neighbours_are_mutual_and_lead_to_a_centre(rwanda: Pack) -> None:
    districts = {area.id for area in rwanda.places.all(1)}
    served = {row.area.rpartition("/")[0] for row in rwanda.centres}

    assert set(rwanda.neighbours) == districts
    for district, beside in rwanda.neighbours.items():
        assert all(district in rwanda.neighbours[other] for other in beside)
        assert served & {district, *beside}, f"nobody near {district} can be helped"


def test_every_file_of_rwanda_that_is_no_code_tells_its_source(rwanda: Pack) -> None:
    assert set(rwanda.sources) == {"areas.csv", "cells.csv", "neighbours.json"}
    assert all(row.provenance.source for row in rwanda.centres)
    assert "WASAC, Ltd." in rwanda.sources["areas.csv"].source
    assert "CC BY 4.0" in rwanda.sources["areas.csv"].licence


def test_the_neighbours_file_stays_readable() -> None:
    """One name a line, in order: an operator's change to it can be reviewed."""
    file = Path(__file__).parents[3] / "gateway/countries/rw/neighbours.json"
    lists = json.loads(file.read_text())
    assert file.read_text() == json.dumps(lists, indent=2, sort_keys=True) + "\n"
