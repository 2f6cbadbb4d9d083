"""Reads a script from YAML, and says of a wrong one where it is wrong and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from sandbox.scripts import script
from sandbox.scripts.nodes import Node, WrongScript, compose
from sandbox.scripts.pattern import NotAPattern, parse
from sandbox.scripts.script import ALONE, VERBS, Act, Holder, Script, Verb

FIELDS: Final = ("title", "about", "country", "language", "phones", "steps")

BARE: Final[frozenset[Verb]] = frozenset(
    {
        "expect cut",
        "send again",
        "hang up",
        "answer late",
        "lose network",
        "find network",
        "expect no sms",
    }
)
"""What nothing is said with."""

EITHER: Final[frozenset[Verb]] = frozenset({"dial", "time passes"})
"""What is done with words, or without."""

SEEN: Final[frozenset[Verb]] = frozenset({"expect", "expect end", "expect sms"})
"""What learns the holes in its words, and may have a list of them."""

LONGEST: Final = 500
"""Characters of one text."""

LONGEST_WAIT: Final = 600.0
"""Seconds."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")
_HOLDER: Final = re.compile(r"(?P<role>[a-z]+)(?: (?P<place>[1-9]))?(?: at (?P<centre>[\w-]+))?")


def read_file(path: Path) -> Script:
    """The script in a file. Raises WrongScript."""
    try:
        return read(str(path), path.read_text("utf-8"))
    except OSError:
        raise WrongScript(str(path), 1, "this file cannot be read") from None
    except UnicodeDecodeError:
        raise WrongScript(str(path), 1, "save the file as UTF-8") from None


def read(name: str, text: str) -> Script:
    """The script in a text; `name` is how its faults call it. Raises WrongScript."""
    top = compose(name, text)
    fields = top.fields("a script")
    for field, node in fields.items():
        if field not in FIELDS:
            raise node.wrong(f"a script has no '{field}'{_perhaps(field, FIELDS)}")
    for field in ("phones", "steps"):
        if field not in fields:
            raise top.wrong(f"the script has no `{field}`")
    phones = dict(_phones(fields["phones"]))
    acts = tuple(_acts(fields["steps"], phones))
    _check_holes(name, phones, acts)
    return Script(
        name=name,
        title=fields["title"].text("the title") if "title" in fields else Path(name).stem,
        phones=phones,
        acts=acts,
        about=fields["about"].text("what it is about") if "about" in fields else "",
        languages=tuple(_texts(fields["language"], "language")) if "language" in fields else (),
        country=fields["country"].text("the country") if "country" in fields else None,
    )


def _phones(node: Node) -> Iterator[tuple[str, Holder]]:
    for name, holder in node.fields("`phones`").items():
        if not _NAME.fullmatch(name) or name in VERBS:
            raise holder.wrong("a phone is named by small letters, digits and _: nurse, caller2")
        yield name, _holder(holder)


def _holder(node: Node) -> Holder:
    found = _HOLDER.fullmatch(node.text("who holds a phone"))
    roles = (script.ANYBODY, *script.ROLES)
    if found is None or found["role"] not in roles:
        raise node.wrong(
            f"nobody like this can hold a phone: write {', '.join(roles)}, "
            "or with a centre `health at kabutare`"
        )
    if found["role"] == script.ANYBODY and (found["centre"] or found["place"]):
        raise node.wrong("a caller belongs to no centre: write `caller` alone")
    return Holder(found["role"], found["centre"], int(found["place"] or 1))


def _acts(node: Node, phones: Mapping[str, Holder]) -> Iterator[Act]:
    for step in node.items("`steps`"):
        if step.is_text:
            yield _act(None, step)
            continue
        fields = step.fields("a step")
        name, doing = next(iter(fields.items()), ("", step))
        if name in ALONE:
            yield _act(None, step)
        elif name not in phones or len(fields) > 1:
            raise step.wrong(_no_step(name, phones))
        elif doing.is_list:
            yield from (_act(name, one) for one in doing.items("what is done"))
        else:
            yield _act(name, doing)


def _no_step(name: str, phones: Mapping[str, Holder]) -> str:
    if name in phones:
        return f"begin a line of its own, with a dash, for what follows after '{name}'"
    among = (*phones, *sorted(ALONE))
    return f"'{name}' is no phone of this script{_perhaps(name, among)}; there are {_list(among)}"


def _act(phone: str | None, node: Node) -> Act:
    """One thing that is done: a bare word, or a word with what is said."""
    if node.is_text:
        return Act(node.line, phone, _verb(phone, node, node.text("a step")))
    fields = node.fields("what is done")
    wait = fields.pop("within", None)
    if len(fields) != 1:
        raise node.wrong("one thing is done in a line: begin the next one with a dash")
    ((word, said),) = fields.items()
    verb = _verb(phone, node, word, said)
    if wait is None:
        return Act(node.line, phone, verb, tuple(_words(verb, said)))
    if verb != "expect sms":
        raise wait.wrong("`within` goes with `expect sms` alone")
    return Act(node.line, phone, verb, tuple(_words(verb, said)), _seconds(wait))


def _verb(phone: str | None, node: Node, word: str, said: Node | None = None) -> Verb:
    among = [verb for verb in VERBS if (verb in ALONE) == (phone is None)]
    for verb in among:
        if verb != word:
            continue
        if said is None and verb not in BARE | EITHER:
            raise node.wrong(f"say what: `{verb}: ...`")
        if said is not None and verb in BARE:
            raise node.wrong(f"`{verb}` stands alone: leave the colon and what follows out")
        return verb
    raise node.wrong(f"nobody can '{word}' here{_perhaps(word, among)}; there are {_list(among)}")


def _words(verb: Verb, node: Node) -> Iterator[str]:
    if node.is_list and verb not in SEEN:
        raise node.wrong(f"`{verb}` takes one text")
    for text in _texts(node, verb):
        if len(text) > LONGEST:
            raise node.wrong(f"a text has at most {LONGEST} characters")
        if not text.strip() and verb != "type":
            raise node.wrong(f"say what: `{verb}: ...`")
        if verb == "time limits" and text not in script.LIMITS:
            raise node.wrong(f"time limits are {_list(script.LIMITS)}")
        if verb != "say":
            _check_pattern(node, text)
        yield text


def _check_pattern(node: Node, text: str) -> None:
    try:
        parse(text)
    except NotAPattern as fault:
        raise node.wrong(str(fault)) from None


def _texts(node: Node, what: str) -> Iterator[str]:
    if not node.is_list:
        yield node.text(f"`{what}`")
        return
    found = [one.text(f"`{what}`") for one in node.items(what)]
    if not found:
        raise node.wrong(f"`{what}` is an empty list: write a text")
    yield from found


def _seconds(node: Node) -> float:
    text = node.text("`within`").removesuffix("s").strip()
    if not re.fullmatch(r"\d{1,3}(\.\d)?", text) or not 0 < float(text) <= LONGEST_WAIT:
        raise node.wrong(f"`within` is a number of seconds, at most {LONGEST_WAIT:g}")
    return float(text)


def _check_holes(name: str, phones: Mapping[str, Holder], acts: Iterable[Act]) -> None:
    """See that whatever is used was shown before."""
    known = {*script.HERE, *(f"{phone}.number" for phone in phones)}
    known |= {f"{phone}.pin" for phone, who in phones.items() if who.role != script.ANYBODY}
    for act in acts:
        if act.verb == "say":
            continue
        holes = {hole for words in act.words for hole in parse(words).names}
        if act.verb in SEEN:
            known |= {hole for hole in holes if "." not in hole}
        for hole in sorted(holes - known):
            raise WrongScript(name, act.line, _unknown(hole))


def _unknown(hole: str) -> str:
    if "." in hole:
        return f"{{{hole}}} is known of no phone: there are {{PHONE.number}} and, of staff, .pin"
    return f"{{{hole}}} is not known yet: let an `expect` before this line show it"


def _perhaps(word: str, among: Iterable[str]) -> str:
    near = get_close_matches(word, list(among), 1)
    return f", perhaps '{near[0]}'" if near else ""


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
