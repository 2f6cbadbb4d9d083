"""Extracting, merging, checking and loading catalogues, on small folders of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.country.po_files import BadCatalogue, new_header, where
from gateway.country.translations import load, unverified
from menutools.catalogues.extraction import NotOneText, extract, placeholders
from menutools.catalogues.faults import problems
from menutools.catalogues.forbidden import betrays, names_violence
from menutools.catalogues.rooms import sms_too_long
from menutools.catalogues.updating import update

A_SCREEN = '''"""A dialogue for tests."""

MORE = phrase("More")
"""Turns the page."""

@screen
def first(caller):
    """Why the screen exists.

    More of it.
    """
    return choose(
        "Do you "
        "hear me?",
        option("Yes", keep="yes", goto=second),
        option(shown(caller), keep="no"),
        option("12-15"),
    )
'''

ANOTHER = '''"""Another one."""

@screen
def second(caller):
    """Says goodbye."""
    return end("Yes" if caller.happy else "Call {police}.", police="112")

def check(typed):
    raise Refused("Type it again.")
'''


@pytest.fixture
def menus(tmp_path: Path) -> Path:
    return _menus(tmp_path, first=A_SCREEN, second=ANOTHER)


@pytest.fixture
def locales(tmp_path: Path, menus: Path) -> Path:
    """A folder with one language, brought up to date and translated."""
    folder = tmp_path / "locales"
    path = where(folder, "xx")
    path.parent.mkdir(parents=True)
    path.write_text(new_header("fr"), "utf-8")
    update(folder, menus)
    for english, translation in {
        "Yes": "Oui",
        "More": "Suite",
        "Do you hear me?": "Allo?",
        "Call {police}.": "Appelez le {police}.",
        "Type it again.": "Encore.",
    }.items():
        _translate(path, english, translation)
    assert problems(folder, ["en", "xx"], menus) == []
    return folder


class TestExtraction:
    def test_finds_texts_by_where_they_stand(self, menus: Path) -> None:
        assert [text.english for text in extract(menus)] == [
            "Call {police}.",
            "Do you hear me?",
            "More",
            "Type it again.",
            "Yes",
        ]

    def test_tells_the_translator_where_and_why(self, menus: Path) -> None:
        found = {text.english: text for text in extract(menus)}
        assert found["More"].whys == ("first.MORE: Turns the page.",)
        assert found["Yes"].modules == ("menus/first.py", "menus/second.py")
        assert found["Yes"].whys == (
            "first.first: Why the screen exists.",
            "second.second: Says goodbye.",
        )
        assert found["Type it again."].whys == ("second: Another one.",)

    def test_tells_why_in_the_line_above_an_entry_of_a_table(self, tmp_path: Path) -> None:
        table = 'ALL = {\n  # Said late.\n  "bye": phrase("Bye"),\n  "go": phrase("Go"),\n}\n'
        found = extract(_menus(tmp_path, said=table + '"""Everything."""\n'))
        assert [text.whys for text in found] == [
            ("said.bye: Said late.",),
            ("said.ALL: Everything.",),
        ]

    @pytest.mark.parametrize(
        "pieces", ['f"Call {x}"', '"Call " + x', '"Call %s" % x', '"{}".format(x)']
    )
    def test_refuses_a_text_in_pieces(self, tmp_path: Path, pieces: str) -> None:
        folder = _menus(tmp_path, bad=f"\nx = end({pieces})\n")
        with pytest.raises(NotOneText, match=r"bad\.py:2: write this as one text"):
            extract(folder)

    def test_leaves_other_calls_alone(self, tmp_path: Path) -> None:
        assert extract(_menus(tmp_path, fine='print("Hello"); match.end("group")\n')) == []

    def test_knows_words_by_the_name_of_their_module(self, tmp_path: Path) -> None:
        (text,) = extract(_menus(tmp_path, fine='script.phrase("Hello")\n'))
        assert text.english == "Hello"

    def test_names_the_placeholders(self) -> None:
        assert placeholders("{ref} and {ref} of {centre}") == {"ref", "centre"}
        with pytest.raises(ValueError, match="expected"):
            placeholders("{ref")


class TestUpdating:
    def test_a_second_run_changes_nothing(self, locales: Path, menus: Path) -> None:
        assert update(locales, menus) == []

    def test_keeps_translations_and_translators_comments(
        self, locales: Path, menus: Path, tmp_path: Path
    ) -> None:
        path = where(locales, "xx")
        path.write_text(path.read_text("utf-8").replace("#. first.MORE", "# Mine.\n#. first.MORE"))
        _menus(tmp_path, first=A_SCREEN.replace('"12-15"', '"Not now"'))
        assert update(locales, menus) == [locales / "isange.pot", path]
        assert load(locales, ["xx"])["xx"]["More"] == "Suite"
        assert "# Mine.\n" in path.read_text("utf-8")

    def test_a_changed_text_has_to_be_translated_anew(
        self, locales: Path, menus: Path, tmp_path: Path
    ) -> None:
        _menus(tmp_path, first=A_SCREEN.replace("hear me", "see me"))
        update(locales, menus)
        assert "Allo?" not in where(locales, "xx").read_text("utf-8")
        assert problems(locales, ["xx"], menus) == [
            f"{_po()}: 'Do you see me?': is empty: translate it"
        ]

    def test_a_new_text_takes_the_verifiers_name_off(
        self, locales: Path, menus: Path, tmp_path: Path
    ) -> None:
        _verify(where(locales, "xx"), "A. Reader", "2026-01-31")
        update(locales, menus)
        assert unverified(load(locales, ["xx"])) == []
        _menus(tmp_path, first=A_SCREEN.replace("12-15", "Not now"))
        update(locales, menus)
        assert unverified(load(locales, ["xx"])) == ["xx"]

    def test_an_obsolete_text_takes_nobodys_name_off(
        self, locales: Path, menus: Path, tmp_path: Path
    ) -> None:
        _verify(where(locales, "xx"), "A. Reader", "2026-01-31")
        _menus(tmp_path, first=A_SCREEN.replace('phrase("More")', "None"))
        update(locales, menus)
        catalogue = load(locales, ["xx"])
        assert "More" not in catalogue["xx"]
        assert unverified(catalogue) == []


class TestLoading:
    def test_reads_what_was_translated(self, locales: Path) -> None:
        assert load(locales, ["xx"])["xx"]["Call {police}."] == "Appelez le {police}."

    def test_english_has_no_catalogue(self, locales: Path) -> None:
        assert list(load(locales, ["en", "xx"])) == ["xx"]

    def test_leaves_out_what_is_empty_or_fuzzy(self, locales: Path) -> None:
        path = where(locales, "xx")
        _translate(path, "More", "")
        path.write_text(path.read_text("utf-8").replace('msgid "Yes"', '#, fuzzy\nmsgid "Yes"'))
        assert load(locales, ["xx"])["xx"].keys().isdisjoint({"More", "Yes"})

    def test_a_language_is_unverified_until_somebody_signs(self, locales: Path) -> None:
        assert unverified(load(locales, ["en", "xx"])) == ["xx"]
        _verify(where(locales, "xx"), "A. Reader", "2026-01-31")
        catalogues = load(locales, ["en", "xx"])
        assert unverified(catalogues) == []
        assert catalogues["xx"].verified_by == "A. Reader"

    def test_a_name_without_a_day_verifies_nothing(self, locales: Path) -> None:
        _verify(where(locales, "xx"), "A. Reader", "")
        assert unverified(load(locales, ["xx"])) == ["xx"]

    def test_reads_a_file_saved_on_windows(self, locales: Path) -> None:
        path = where(locales, "xx")
        _verify(path, "A. Reader", "2026-01-31")
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
        catalogues = load(locales, ["xx"])
        assert catalogues["xx"]["More"] == "Suite"
        assert unverified(catalogues) == []

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (b'msgid ""\nmsgstr ""\n\n<<<<<<< mine\n', r"isange\.po:4: "),
            (b'msgid "Yes"\nmsgstr "Oui"\n', "has no header"),
            (b"\xff\xfe", "is not UTF-8"),
        ],
    )
    def test_says_what_is_wrong_with_a_file(
        self, locales: Path, content: bytes, fault: str
    ) -> None:
        where(locales, "xx").write_bytes(content)
        with pytest.raises(BadCatalogue, match=fault):
            load(locales, ["xx"])

    def test_says_which_file_is_missing(self, locales: Path) -> None:
        with pytest.raises(BadCatalogue, match=r"yy.*is missing"):
            load(locales, ["yy"])

    def test_says_that_a_day_is_no_day(self, locales: Path) -> None:
        _verify(where(locales, "xx"), "A. Reader", "31.1.2026")
        with pytest.raises(BadCatalogue, match="X-Verified-On: write the day as YYYY-MM-DD"):
            load(locales, ["xx"])


class TestFaults:
    @pytest.mark.parametrize(
        ("english", "translation", "fault"),
        [
            ("More", "", "'More': is empty: translate it"),
            (
                "Call {police}.",
                "Appelez.",
                "must have the same words in braces as the English: {police}",
            ),
            ("Call {police}.", "{police} {x}", "must have the same words in braces"),
            ("Call {police}.", "{police!r}", "must have the same words in braces"),
            ("More", "{more}", "must have the same words in braces as the English: none"),
            ("Call {police}.", "{police", "'Call {police}.': has a brace { or } too many"),
            ("More", "Arrêt", "'More': has letters outside the alphabet of a basic phone: ê"),
            ("More", "[Suite]", "has letters outside the alphabet of a basic phone: []"),
            ("More", "Suite ", "'More': has a space at its beginning or end"),
        ],
    )
    def test_finds_a_bad_translation(
        self, locales: Path, menus: Path, english: str, translation: str, fault: str
    ) -> None:
        _translate(where(locales, "xx"), english, translation)
        (found,) = problems(locales, ["en", "xx"], menus)
        assert found.startswith(f"{_po()}: {english!r}: ")
        assert fault in found

    def test_finds_a_fuzzy_mark(self, locales: Path, menus: Path) -> None:
        path = where(locales, "xx")
        path.write_text(path.read_text("utf-8").replace('msgid "Yes"', '#, fuzzy\nmsgid "Yes"'))
        (found,) = problems(locales, ["xx"], menus)
        assert "'Yes': is marked fuzzy" in found

    def test_finds_what_changed_in_the_menus(
        self, locales: Path, menus: Path, tmp_path: Path
    ) -> None:
        _menus(tmp_path, first=A_SCREEN.replace("hear me", "see me"))
        found = problems(locales, ["xx"], menus)
        assert f"{_po()}: 'Do you hear me?': is said nowhere: run `make catalogues`" in found
        assert any("'Do you see me?': is missing" in fault for fault in found)
        assert f"locales/isange.pot: {STALE}" in found

    def test_finds_a_text_that_is_there_twice(self, locales: Path, menus: Path) -> None:
        path = where(locales, "xx")
        path.write_text(path.read_text("utf-8") + '\nmsgid "More"\nmsgstr "Encore"\n', "utf-8")
        assert problems(locales, ["xx"], menus) == [f"{_po()}: {STALE}"]

    def test_finds_a_half_filled_verification(self, locales: Path, menus: Path) -> None:
        _verify(where(locales, "xx"), "", "2026-01-31")
        (found,) = problems(locales, ["xx"], menus)
        assert "fill in both" in found

    def test_finds_a_missing_file_and_goes_on(self, locales: Path, menus: Path) -> None:
        _translate(where(locales, "xx"), "More", "")
        assert problems(locales, ["yy", "xx"], menus) == [
            "locales/yy/LC_MESSAGES/isange.po: is missing: put it there",
            f"{_po()}: 'More': is empty: translate it",
        ]

    def test_finds_a_text_in_pieces(self, locales: Path, tmp_path: Path) -> None:
        folder = _menus(tmp_path, bad='x = end(f"Call {x}")\n')
        (found,) = problems(locales, ["xx"], folder)
        assert found.startswith("bad.py:1: ")


class TestMessages:
    ALERT = "{ref} for {role}. " + "Open it. " * 15

    def test_measures_an_sms_with_its_longest_values(self, tmp_path: Path) -> None:
        texts = extract(_menus(tmp_path, messages=f'phrase("{self.ALERT}")\n'))
        assert list(sms_too_long(texts, {})) == [(self.ALERT, 9 + 5 + 13 + 2 + 9 * 15)]
        assert not list(sms_too_long(texts, {self.ALERT: "{ref} {role}"}))

    def test_wants_to_know_how_long_a_new_value_is(self, tmp_path: Path) -> None:
        texts = extract(_menus(tmp_path, messages='phrase("Call {somebody}")\n'))
        with pytest.raises(LookupError, match="somebody"):
            list(sms_too_long(texts, {}))

    @pytest.mark.parametrize(
        "text",
        [
            *("Go to the police", "The Centre waits", "your child", "your code"),
            *("Ikigo kiragutegereje", "umwana wawe", "kuri polisi", "ihohoterwa"),
            *("L'hôpital", "votre enfant", "violences", "le code"),
            *("Kituo chako", "mtoto wako", "ukatili", "nambari"),
            *("Isange", "see a.rw", "http", "12", "*384#"),
        ],
    )
    def test_hears_a_word_that_tells(self, text: str) -> None:
        assert betrays(text)

    def test_hears_the_title_of_the_service(self) -> None:
        assert betrays("Health & Family Info says hello", ["Health & family info"])
        assert not betrays("Good day", ["Health & family info"])

    @pytest.mark.parametrize(
        "text", ["Hello. Your appointment is confirmed.", "Murakoze. Umunsi mwiza.", "Asante."]
    )
    def test_lets_bland_words_pass(self, text: str) -> None:
        assert not betrays(text)

    def test_a_word_for_violence_is_found_with_its_prefix(self) -> None:
        assert names_violence("Guhohoterwa") == "hohoter"
        assert not names_violence("Worried about a child")


STALE = "is not what the menus say now: run `make catalogues`"


def _po() -> str:
    return "locales/xx/LC_MESSAGES/isange.po"


def _menus(tmp_path: Path, **modules: str) -> Path:
    folder = tmp_path / "menus"
    folder.mkdir(exist_ok=True)
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code, "utf-8")
    return folder


def _translate(path: Path, english: str, translation: str) -> None:
    """Put a translation in place of whatever the file has for this text."""
    before, entry, after = path.read_text("utf-8").partition(f'msgid "{english}"\n')
    assert entry
    _, _, rest = after.partition("\n")
    path.write_text(f'{before}{entry}msgstr "{translation}"\n{rest}', "utf-8")


def _verify(path: Path, by: str, on: str) -> None:
    text = path.read_text("utf-8")
    text = text.replace("X-Verified-By: ", f"X-Verified-By: {by}")
    path.write_text(text.replace("X-Verified-On: ", f"X-Verified-On: {on}"), "utf-8")
