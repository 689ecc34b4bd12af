"""The time zone that a column's name states in brackets: `Time (ET)`, `Hora (GMT-3)`."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.text import folded

_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,60})[)\]]")
_OFFSET = re.compile(r"(?:utc|gmt)? ?([+\-\u2212\u2013]) ?([0-9]{1,2})(?::?([0-9]{2}))?(?: ?h(?:oras|rs?)?)?")
_PLACE = re.compile(r"[A-Za-z]{2,20}/[A-Za-z_]{2,30}(?:/[A-Za-z_]{2,30})?")
_AROUND = re.compile(r"\b(?:horario|hora|time|timezone|zone|fuso|de|do|del|standard|daylight)\b|[^\w+-]+")

_HOURS = {
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9,
    "akdt": -8, "hst": -10, "cet": 1, "cest": 2, "wet": 0, "west": 1, "bst": 1, "eet": 2, "eest": 3, "msk": 3,
    "utc": 0, "gmt": 0, "z": 0, "jst": 9, "kst": 9, "sgt": 8, "hkt": 8, "aest": 10, "aedt": 11, "brt": -3,
    "brst": -2,
}  # fmt: skip
_PLACES = {
    "eastern": "America/New_York", "central": "America/Chicago", "mountain": "America/Denver",
    "pacific": "America/Los_Angeles", "brasilia": "America/Sao_Paulo", "manaus": "America/Manaus",
    "lisboa": "Europe/Lisbon", "madrid": "Europe/Madrid", "london": "Europe/London",
}  # fmt: skip
# These are words, or names of languages and states, too: only English speaks so of times.
_ENGLISH = {"et": "eastern", "ct": "central", "mt": "mountain", "pt": "pacific"}
_ENGLISH_TIME = re.compile(r"\b(?:time|start|starts|starting|begins?|date|datetime|when)\b")
_SEASONS = (datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 7, 15, tzinfo=UTC))


def is_of_another_zone(name: str, timezone: tzinfo) -> bool:
    """Return whether a name states a time zone whose clocks show another time than those of `timezone`.

    One in a known zone at a known offset is compared; an unknown word is no zone.
    """
    if "(" not in name and "[" not in name:
        return False
    stated = _stated(name)
    return bool(stated) and not stated <= _offsets(timezone)


@lru_cache(maxsize=1024)
def is_zone_of(text: str, timezone: tzinfo) -> bool:
    """Return whether the cell of a column of time zones names one whose clocks are those of `timezone`."""
    stated = _named((text[:200],)) or _stated(text[:200])
    return bool(stated) and stated <= _offsets(timezone)


@lru_cache(maxsize=1024)
def _stated(name: str) -> frozenset[timedelta]:
    """Return the offsets of the zone that a name states in brackets, none where it states none."""
    return _named(_IN_BRACKETS.findall(name[:200]), is_english=_ENGLISH_TIME.search(folded(name)) is not None)


def _named(texts: Iterable[str], *, is_english: bool = True) -> frozenset[timedelta]:
    """Return the offsets of the first text that names a time zone."""
    for within in texts:
        text = folded(within)
        offset = _OFFSET.fullmatch(text)
        if offset:
            minutes = 60 * int(offset[2]) + int(offset[3] or 0)
            return frozenset([timedelta(minutes=minutes if offset[1] == "+" else -minutes)])
        if _PLACE.fullmatch(within.strip()):
            return _offsets_of_place(within.strip())
        word = " ".join(_AROUND.sub(" ", text).split())
        if word in _ENGLISH and is_english:
            word = _ENGLISH[word]
        if word in _HOURS:
            return frozenset([timedelta(hours=_HOURS[word])])
        if word in _PLACES:
            return _offsets_of_place(_PLACES[word])
    return frozenset()


def _offsets_of_place(place: str) -> frozenset[timedelta]:
    try:
        return _offsets(ZoneInfo(place))
    except (OSError, ValueError, KeyError):  # A place that is none is a KeyError.
        return frozenset()


def _offsets(timezone: tzinfo) -> frozenset[timedelta]:
    """Return the offsets of a zone in winter and in summer."""
    return frozenset(season.astimezone(timezone).utcoffset() or timedelta() for season in _SEASONS)
