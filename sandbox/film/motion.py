"""What moves in a picture, as CSS: strips behind windows, lights on keys, a rim that glows.

Every animation lasts as long as the film, and jumps from one state to the next at its moment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

What = TypeVar("What", bound=Hashable)

A_FLASH: Final = 0.13
"""Seconds for which a key is lit."""

STYLE: Final = """
.s,.k,.a{animation-duration:%(seconds).2fs;animation-iteration-count:infinite;\
animation-timing-function:step-end}
.k,.a{opacity:0}
#passed{animation:passed %(seconds).2fs linear infinite}
@keyframes passed{from{transform:scaleX(0)}to{transform:scaleX(1)}}
@media (prefers-reduced-motion:reduce){*{animation:none!important}}
"""
"""Strips (`s`), keys (`k`) and rims (`a`); whoever wants no motion sees what stands at rest."""


def pull(name: str, shown: Sequence[tuple[float, What]], high: int, seconds: float) -> str:
    """How a strip is pulled through its window; at rest it stands at its last picture."""
    places = {what: place for place, what in enumerate(strip(shown))}

    def at(what: What) -> str:
        return f"transform:translateY({-high * places[what]}px)"

    rest = at(shown[-1][1])
    return f"#{name}{{{rest};animation-name:{name}}}{_keyframes(name, shown, at, seconds)}"


def glow(name: str, acting: Sequence[tuple[float, bool]], seconds: float) -> str:
    def at(is_acting: bool) -> str:  # noqa: FBT001 - a value on a track, not a switch
        return f"opacity:{int(is_acting)}"

    return f"#{name}{{animation-name:{name}}}{_keyframes(name, acting, at, seconds)}"


def flash(name: str, lit: Iterable[tuple[float, tuple[int, int]]], seconds: float) -> str:
    """A light that stands on a key for a moment; `lit` says when, and how far along and down."""
    moments: list[tuple[float, str]] = [(0.0, "opacity:0")]
    for moment, (x, y) in lit:
        moments.append((moment, f"opacity:1;transform:translate({x}px,{y}px)"))
        moments.append((moment + A_FLASH, "opacity:0"))
    return f"#{name}{{animation-name:{name}}}{_keyframes(name, moments, str, seconds)}"


def _keyframes(
    name: str, moments: Iterable[tuple[float, What]], say: Callable[[What], str], seconds: float
) -> str:
    """Each thing from its moment on, until the next."""
    latest: Mapping[str, What] = {f"{100 * at / seconds:.2f}%": what for at, what in moments}
    return f"@keyframes {name}{{{''.join(f'{at}{{{say(what)}}}' for at, what in latest.items())}}}"


def strip(shown: Iterable[tuple[float, What]]) -> list[What]:
    """Everything that is shown, each once."""
    return list(dict.fromkeys(what for _, what in shown))
