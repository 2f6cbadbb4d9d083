"""What a script may say, and what is told of one that says something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.scripts.nodes import LONGEST, WrongScript
from sandbox.scripts.reading import read, read_file
from sandbox.scripts.script import VERBS, Act, Holder

WHOLE = """
title: A call
country: rw
language: [en, rw]
phones:
  caller: caller
  nurse: health
  desk: national 2
  lead: lead at kabutare
steps:
  - say: She dials.
  - caller:
      - dial
      - expect: [Health & Family Info, "{key} Urgent help now"]
      - press: No
      - type: ""
  - caller: hang up
  - nurse: {expect sms: "{code} {key}", within: 2.5}
  - time passes
  - time passes: "{code}"
"""


def test_a_whole_script() -> None:
    script = read("call.yaml", WHOLE)

    assert (script.title, script.country, script.languages) == ("A call", "rw", ("en", "rw"))
    assert script.phones == {
        "caller": Holder("caller"),
        "nurse": Holder("health"),
        "desk": Holder("national", place=2),
        "lead": Holder("lead", "kabutare"),
    }
    assert script.acts == (
        Act(11, None, "say", ("She dials.",)),
        Act(13, "caller", "dial"),
        Act(14, "caller", "expect", ("Health & Family Info", "{key} Urgent help now")),
        Act(15, "caller", "press", ("No",)),
        Act(16, "caller", "type", ("",)),
        Act(17, "caller", "hang up"),
        Act(18, "nurse", "expect sms", ("{code} {key}",), within=2.5),
        Act(19, None, "time passes"),
        Act(20, None, "time passes", ("{code}",)),
    )


def test_every_word_can_be_read() -> None:
    alone = {"say": "- say: x", "time passes": "- time passes"}
    needs = {"time limits": "quick", "sms": "x", "type": "x", "press": "1"}
    lines = []
    for verb in VERBS:
        if verb in alone:
            lines.append(alone[verb])
        elif verb in needs or (verb.startswith("expect") and verb[6:] in {"", " end", " sms"}):
            lines.append(f"- c: {{{verb}: {needs.get(verb, 'x')}}}")
        else:
            lines.append(f"- c: {verb}")

    script = read("x", "phones: {c: caller}\nsteps:\n" + "\n".join(lines))

    assert tuple(act.verb for act in script.acts) == VERBS


def test_a_story_plays_wherever_the_country_has_a_place_for_it() -> None:
    steps = "[{c: {press: '{here.way}'}}, {c: {type: '{here.letters}'}}, {c: dial}]"
    script = read("x", f"about: A call.\nphones: {{c: caller}}\nsteps: {steps}")

    acts = script.acts_at({"here.way": ["East", "Gatsibo"], "here.letters": ["Kizi"]})

    assert script.about == "A call."
    assert [act.words for act in acts] == [("East",), ("Gatsibo",), ("Kizi",), ()]


def test_a_script_without_a_title_has_the_name_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a_call.yaml"
    path.write_text("phones: {c: caller}\nsteps: []\n")

    assert read_file(path).title == "a_call"


STEPS = "phones: {c: caller, n: health}\nsteps:\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: it is empty"),
        ("- a", "1: a script consists of lines with a name, a colon and a value"),
        ("phones: {}\nsteps: []\nphone: x", "3: a script has no 'phone', perhaps 'phones'"),
        ("steps: []", "1: the script has no `phones`"),
        ("phones: {c: caller}", "1: the script has no `steps`"),
        ("phones: {C 1: caller}\nsteps: []", "1: a phone is named by small letters"),
        ("phones: {say: caller}\nsteps: []", "1: a phone is named by small letters"),
        ("phones: {c: doctor}\nsteps: []", "1: nobody like this can hold a phone: write caller,"),
        ("phones: {c: caller at huye}\nsteps: []", "1: a caller belongs to no centre"),
        ("phones: {c: caller, c: caller}\nsteps: []", "1: 'c' stands here twice"),
        ("phones: {c: caller}\nsteps: x", "2: `steps` is a list: begin each of its lines"),
        ("phones: {c: caller}\nlanguage: []\nsteps: []", "2: `language` is an empty list"),
        (STEPS + "- {}", "3: '' is no phone of this script"),
        (STEPS + "- b: dial", "3: 'b' is no phone of this script; there are c, n, say, time"),
        (STEPS + "- c: dial\n  n: dial", "3: begin a line of its own, with a dash"),
        (STEPS + "- dial", "3: nobody can 'dial' here; there are say, time passes"),
        (STEPS + "- c: ring", "3: nobody can 'ring' here"),
        (STEPS + "- c: {expct: x}", "3: nobody can 'expct' here, perhaps 'expect'"),
        (STEPS + "- c: expect", "3: say what: `expect: ...`"),
        (STEPS + "- c: {expect: ''}", "3: say what: `expect: ...`"),
        (STEPS + "- c:\n  - dial\n  - hang up: now", "5: `hang up` stands alone"),
        (STEPS + "- c: {press: [a, b]}", "3: `press` takes one text"),
        (STEPS + "- c: {expect: {words: a}}", "3: `expect` is a text"),
        (STEPS + "- c: {expect: a, press: b}", "3: one thing is done in a line"),
        (STEPS + "- c: {expect: a, within: 2}", "3: `within` goes with `expect sms` alone"),
        (STEPS + "- c: {expect sms: a, within: soon}", "3: `within` is a number of seconds"),
        (STEPS + "- c: {expect sms: a, within: 0}", "3: `within` is a number of seconds"),
        (STEPS + "- c: {expect sms: a, within: 999}", "3: `within` is a number of seconds"),
        (STEPS + "- c: {time limits: long}", "3: time limits are real, quick, off"),
        (STEPS + "- c: {expect: 'a {b c}'}", "3: a name in braces is small letters"),
        (STEPS + "- c: {type: '{code}'}", "3: {code} is not known yet: let an `expect`"),
        (STEPS + "- c: {expect: '{x.number}'}", "3: {x.number} is known of no phone"),
        (STEPS + "- c: {type: '{c.pin}'}", "3: {c.pin} is known of no phone"),
        (STEPS + f"- c: {{expect: {'x' * 501}}}", "3: a text has at most 500 characters"),
        (STEPS + "- c: {dial: *384*3029#}", "3: "),
        (STEPS + "- c:\n  - dial: *384", "4: put words that begin with * into quotation marks"),
        (STEPS + "- c: [" + "[" * 99, "3: a script has no lists so deep inside each other"),
        (STEPS + "- c: {expect: a: b}", "3: "),
        (STEPS + "- c: \x00", "1: there is a character in it that no text has"),
        ("phones: &a {c: caller}\nsteps: [*a, *a]", "2: put words that begin with *"),
        ("# " + "x" * LONGEST, "1: a script has at most"),
        ("--- a\n--- b", "2: "),
    ],
)
def test_a_wrong_script_is_told_where_and_what_to_write(text: str, told: str) -> None:
    with pytest.raises(WrongScript) as wrong:
        read("call.yaml", text)

    assert str(wrong.value).startswith(f"call.yaml:{told}")
    assert "\n" not in str(wrong.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"title: caf\xe9")
    with pytest.raises(WrongScript, match="save the file as UTF-8"):
        read_file(tmp_path / "latin.yaml")
    with pytest.raises(WrongScript, match="cannot be read"):
        read_file(tmp_path / "none.yaml")


words = st.one_of(
    st.text(max_size=12), st.sampled_from([*VERBS, "c", "within", "{a}", "{c.pin}", "..."])
)
trees = st.recursive(
    words,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(words, inside, max_size=3),
    max_leaves=12,
)


@given(trees)
def test_steps_of_any_shape_are_read_or_refused(tree: object) -> None:
    text = f'{{"phones": {{"c": "caller"}}, "steps": {json.dumps(tree)}}}'
    _read_or_refuse(text)


@given(st.text(alphabet=st.sampled_from("ab:-[]{}*&!|>'\"#%@` \n\t,?~\x85\ufeff"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    _read_or_refuse(text)
    _read_or_refuse(STEPS + text)


def _read_or_refuse(text: str) -> None:
    told = ""
    try:
        read("x", text)
    except WrongScript as wrong:
        told = str(wrong)
    assert "\n" not in told
