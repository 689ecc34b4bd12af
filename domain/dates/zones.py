"""Time zones by the names that people and programs give them.

The one table of zones: IANA, Windows, offsets, abbreviations, cities and words for a country's clocks.
Sources: the IANA time zone database; CLDR's windowsZones, as icalendar has it.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from domain.text import folded

SEASONS = (datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 7, 15, tzinfo=UTC))
"""A day of each half of the year: two zones that agree on both are the same for an event."""

_LONGEST = 100
_KNOWN = 4096
_OFFSET = re.compile(
    r"(?:utc|gmt)? ?(?P<sign>[+\-\u2212\u2013]) ?(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-5][0-9]))?"
    r"(?: ?h(?:oras|rs?)?)?"
)
_SHOWN = re.compile(r"\((?P<offset>(?:utc|gmt)[^()]*)\) ?(?P<name>[^()]+?)(?: ?\([^()]*\))?")
_AROUND = re.compile(
    r"(?:(?:horario|hora|fuso)(?: horario)?(?: (?:padrao|oficial))? d[eoa]l? )?"
    r"(?P<name>.+?)(?P<time>(?: (?:standard|daylight|summer))? (?:time ?zone|time|zone))?"
)
# The clock of the machine that wrote a file, and files of the database that are no zone of a place.
_NO_ZONES = frozenset({"localtime", "posixrules", "factory"})
_UTC = frozenset({"utc", "gmt", "z", "zulu", "uct"})

_FIXED = {"brt": timezone(timedelta(hours=-3)), "brst": timezone(timedelta(hours=-2))}
# Several countries have these abbreviations, or people write them all the year round: hours from UTC.
_UNSURE = {
    "est": (-5, 10), "edt": (-4, 11), "cst": (-6, 8, -5), "cdt": (-5, -4), "mst": (-7, 8, 6.5), "mdt": (-6,),
    "pst": (-8, 8), "pdt": (-7,), "akst": (-9,), "akdt": (-8,), "hst": (-10,), "ast": (-4, 3), "adt": (-3,),
    "nst": (-3.5,), "ndt": (-2.5,), "cet": (1,), "cest": (2,), "wet": (0,), "west": (1,), "bst": (1, 6, 11),
    "eet": (2,), "eest": (3,), "met": (1,), "msk": (3,), "trt": (3,), "ist": (5.5, 1, 2), "amt": (-4, 4),
    "act": (-5, 9.5, 8), "art": (-3,), "clt": (-4,), "clst": (-3,), "cot": (-5,), "pet": (-5,), "bot": (-4,),
    "pyt": (-3, -4), "uyt": (-3,), "vet": (-4,), "gft": (-3,), "fnt": (-2,), "gst": (4, -2), "eat": (3,),
    "wat": (1,), "cat": (2,), "sast": (2,), "pkt": (5,), "ict": (7,), "wib": (7,), "pht": (8,), "jst": (9,),
    "kst": (9,), "sgt": (8,), "hkt": (8,), "awst": (8,), "acst": (9.5,), "acdt": (10.5,), "aest": (10,),
    "aedt": (11,), "nzst": (12,), "nzdt": (13,),
}  # fmt: skip
# Only `time` behind it makes one of these a zone for sure.
_AMERICAN = {
    "eastern": "America/New_York", "central": "America/Chicago", "mountain": "America/Denver",
    "pacific": "America/Los_Angeles",
}  # fmt: skip
_PLACES = {
    "lisboa": "Europe/Lisbon", "londres": "Europe/London", "roma": "Europe/Rome", "berlim": "Europe/Berlin",
    "genebra": "Europe/Zurich", "nova york": "America/New_York", "nova iorque": "America/New_York",
    "nueva york": "America/New_York", "ciudad de mexico": "America/Mexico_City", "tokio": "Asia/Tokyo",
    "toquio": "Asia/Tokyo", "acores": "Atlantic/Azores",
    "amazonas": "America/Manaus", "rondonia": "America/Porto_Velho", "roraima": "America/Boa_Vista",
    "mato grosso": "America/Cuiaba", "mato grosso do sul": "America/Campo_Grande",
    "fernando de noronha": "America/Noronha", "acre": "America/Rio_Branco",
    **dict.fromkeys(
        (
            *("brasilia", "distrito federal", "rio de janeiro", "minas gerais", "espirito santo", "goias"),
            *("parana", "santa catarina", "rio grande do sul", "curitiba", "porto alegre", "florianopolis"),
            *("belo horizonte", "goiania"),
        ),
        "America/Sao_Paulo",
    ),
    **dict.fromkeys(
        (
            *("ceara", "rio grande do norte", "paraiba", "maranhao", "piaui"),
            *("joao pessoa", "sao luis", "teresina"),
        ),
        "America/Fortaleza",
    ),
    "pernambuco": "America/Recife", "alagoas": "America/Maceio", "sergipe": "America/Maceio",
    "aracaju": "America/Maceio", "salvador": "America/Bahia", "tocantins": "America/Araguaina",
    "palmas": "America/Araguaina", "amapa": "America/Belem", "macapa": "America/Belem",
}  # fmt: skip
_OF_CITIES = frozenset(["Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"])
# Names of zones that are other words first: `nome`, `reunión`, Easter.
_WORDS = frozenset(
    [
        *("nome", "reunion", "easter", "christmas", "wake", "midway", "virgin", "regina", "oral", "resolute"),
        *("north", "south", "east", "west", "victoria", "act", "lhi"),
    ]
)


def zone_named(name: str) -> tzinfo | None:
    """Return the time zone that a name means for sure, None for one with no meaning or several. Total.

    `UTC-3`, `BRT`, `america/recife`, `US-Eastern`, `E. South America Standard Time`, `horário de Cuiabá`.
    """
    return _named(folded(name.strip()[:_LONGEST]))


def zones_named(name: str) -> tuple[tzinfo, ...]:
    """Return every time zone that a name may mean, none for a name of no zone. Total."""
    text = folded(name.strip()[:_LONGEST])
    if zone := _named(text):
        return (zone,)
    words = _AROUND.fullmatch(text)
    known = words["name"] if words else text
    if known in _UNSURE:
        return tuple(timezone(timedelta(hours=hours)) for hours in _UNSURE[known])
    return (ZoneInfo(_AMERICAN[known]),) if known in _AMERICAN else ()


def iana_zone(name: str) -> tzinfo | None:
    """Return the zone of IANA with a name in any case, None for another name. Total."""
    known = _names().get(name.lower())
    return ZoneInfo(known) if known else None


def offset_at(zone: tzinfo, moment: datetime) -> str | None:
    """Return the offset of a zone at a wall clock's time as `-03:00`.

    None for one with seconds, as places had before there were zones.
    """
    offset = moment.replace(microsecond=0, tzinfo=zone).isoformat()[19:]
    return offset if len(offset) == len("-03:00") else None


def clocks_of(zone: tzinfo) -> frozenset[timedelta]:
    """Return the offsets of a zone in winter and in summer."""
    return frozenset(season.astimezone(zone).utcoffset() or timedelta() for season in SEASONS)


@lru_cache(maxsize=_KNOWN)
def _named(text: str) -> tzinfo | None:
    if text in _UTC:
        return UTC
    if offset := _OFFSET.fullmatch(text):
        return _of_offset(offset)
    if shown := _SHOWN.fullmatch(text):
        return _if_at(_named(shown["offset"]), _named(shown["name"].strip()))
    program = iana_zone(text) if "/" in text else _of_windows(text)
    return program or _of_people(text)


def _of_people(text: str) -> tzinfo | None:
    words = _AROUND.fullmatch(text)
    if words is None or words["name"] in _UNSURE:
        return None
    return _of_words(words["name"], has_time=words["time"] is not None)


def _of_words(name: str, *, has_time: bool) -> tzinfo | None:
    if name in _UTC:
        return UTC
    if name in _FIXED:
        return _FIXED[name]
    if has_time and name in _AMERICAN:
        return ZoneInfo(_AMERICAN[name])
    if key := _PLACES.get(name) or _cities().get(name):
        return ZoneInfo(key)
    return iana_zone(name.replace(" ", "-")) or iana_zone(name.replace("-", "/", 1))


def _of_offset(found: re.Match[str]) -> tzinfo | None:
    minutes = int(found["hours"]) * 60 + int(found["minutes"] or 0)
    signed = minutes if found["sign"] == "+" else -minutes
    return timezone(timedelta(minutes=signed)) if -12 * 60 <= signed <= 14 * 60 else None


def _if_at(offset: tzinfo | None, zone: tzinfo | None) -> tzinfo | None:
    """Return a zone if its clocks show what is written beside its name: `(UTC-03:00) Brasília`."""
    return zone if offset and zone and clocks_of(offset) <= clocks_of(zone) else None


def _of_windows(text: str) -> tzinfo | None:
    key = _windows().get(text) if "standard time" in text else None
    return ZoneInfo(key) if key else None


@cache
def _windows() -> dict[str, str]:
    # Few files have such names, and the library takes a while to load.
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415

    return {name.lower(): key for name, key in WINDOWS_TO_OLSON.items()}


@cache
def _names() -> dict[str, str]:
    """Return the zones' names by their small letters: few files need them, and it takes a while."""
    return {name.lower(): name for name in available_timezones() if name.lower() not in _NO_ZONES}


@cache
def _cities() -> dict[str, str]:
    """Return the zone of each city that IANA names once, or by several names for the same clocks."""
    found: dict[str, list[str]] = {}
    for name in sorted(_names().values()):
        area, _, city = name.partition("/")
        if area in _OF_CITIES and "/" not in city and (key := city.lower().replace("_", " ")) not in _WORDS:
            found.setdefault(key, []).append(name)
    return {key: names[0] for key, names in found.items() if _are_one(names)}


def _are_one(names: Iterable[str]) -> bool:
    return len({clocks_of(ZoneInfo(name)) for name in names}) == 1
