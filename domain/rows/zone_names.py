"""The time zone that a column's name states in brackets: `Time (ET)`, `Hora (GMT-3)`."""

import re
from datetime import tzinfo
from functools import lru_cache

from domain.dates.zones import SEASONS, clocks_of, zones_named
from domain.text import folded

_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,60})[)\]]")
# These are words, or names of languages and states, too: only English speaks so of times.
_ENGLISH = {"et": "eastern", "ct": "central", "mt": "mountain", "pt": "pacific"}
_ENGLISH_TIME = re.compile(r"\b(?:time|start|starts|starting|begins?|date|datetime|when)\b")


LONGEST_ZONE = 200
"""What is looked at of a text: what is longer is no zone, and is not to be kept."""

_Stated = tuple[str, tuple[tzinfo, ...]]
"""A word for a zone, and the zones that it may mean: none where it is another word."""


def is_of_another_zone(name: str, timezone: tzinfo) -> bool:
    """Return whether a name states a time zone whose clocks may differ from those of `timezone`.

    A word for several zones is that of `timezone` if its own clocks are called so; other words are no zone.
    """
    if "(" not in name and "[" not in name:
        return False
    stated = _stated(name[:LONGEST_ZONE])
    return bool(stated[1]) and not _is_that_of(stated, timezone)


@lru_cache(maxsize=1024)
def is_zone_of(text: str, timezone: tzinfo) -> bool:
    """Return whether the cell of a column of time zones names one whose clocks are those of `timezone`."""
    named = _meant(text, is_english=True)
    return _is_that_of(named if named[1] else _stated(text), timezone)


def _is_that_of(stated: _Stated, timezone: tzinfo) -> bool:
    word, zones = stated
    if zones and all(clocks_of(zone) <= clocks_of(timezone) for zone in zones):
        return True
    return bool(zones) and word.upper() in {season.astimezone(timezone).tzname() for season in SEASONS}


@lru_cache(maxsize=1024)
def _stated(name: str) -> _Stated:
    """Return what the first zone in brackets may be, no zones where none is there."""
    is_english = _ENGLISH_TIME.search(folded(name)) is not None
    named = (_meant(within, is_english=is_english) for within in _IN_BRACKETS.findall(name))
    return next((stated for stated in named if stated[1]), ("", ()))


def _meant(text: str, *, is_english: bool) -> _Stated:
    word = folded(text)
    word = _ENGLISH.get(word, word) if is_english else word
    return word, zones_named(word)
