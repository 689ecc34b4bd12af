"""Reads the properties of one VEVENT. Source: RFC 5545 §3.1, §3.6.1."""

import binascii
import quopri
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from domain.dates.zones import offset_at
from domain.files.attendees import ABSENT, NAMELESS, takes_part, told_name
from domain.files.calendar_recurrence import dates_of
from domain.files.calendar_text import (
    CITY,
    EXACT,
    LOCAL_INFO,
    ZONE,
    is_own_uid,
    lines_of,
    location_of,
    people_in,
    people_of,
    place_in,
    start_of,
)
from domain.files.named_zones import NamedZones
from domain.json_text import decode_json
from domain.problems import Problem, excerpt, problem, sendable

_FOLD = re.compile(r"(?:\r\n|\n|\r)[ \t]")
_LINE_END = re.compile(r"\r\n|\n|\r")
# A parameter may be a value without its name, as in vCalendar 1.0 §2.1.
_LINE = re.compile(
    r'([A-Za-z0-9-]+)((?:;[^=:;"]+(?:=(?:"[^"]*"|[^":;,]*)(?:,(?:"[^"]*"|[^":;,]*))*)?)*):(.*)', re.DOTALL
)
_PARAMETER = re.compile(r';([^=:;"]+)(?:=((?:"[^"]*"|[^":;,]*)(?:,(?:"[^"]*"|[^":;,]*))*))?')
_QUOTED_PRINTABLE = "QUOTED-PRINTABLE"
_BASE64 = frozenset({"BASE64", "B"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MOST_EXCLUDING = 4
"""Rules of excluded dates in one event."""

_SOFT_BREAK = re.compile(r"=(?:\r\n|\n|\r)")
# A value in this encoding goes on after a line that ends with =. Source: RFC 2045 §6.7.
_SOFT_LINES = re.compile(
    # Atomic: a line that names the encoding many times, and has no value, would take its square.
    r"(?:^|(?<=[\r\n]))[A-Za-z0-9-]+;(?>[^:\r\n]*?QUOTED-PRINTABLE)[^:\r\n]*+:"
    r"(?:[^\r\n]*=(?:\r\n|\n|\r))+",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CARET = re.compile(r"\^(.)")
_STAMP = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})?(Z)?)?")

_OF_ATTENDEES = ("CUTYPE", "PARTSTAT", "ROLE", "STATUS")
"""Parameters that say who takes part; vCalendar 1.0 says STATUS."""

_DATED = frozenset({"DTSTART", "RECURRENCE-ID", "EXDATE", "RDATE"})

SHOWN = frozenset(
    {
        "SUMMARY",
        "DESCRIPTION",
        "DTSTART",
        "LOCATION",
        "ATTENDEE",
        "CATEGORIES",
        "COMMENT",
        "CONTACT",
        "URL",
        CITY,
    }
)
"""Properties that are columns; others only where the uploader maps them."""

_OF_ONE_FIELD = frozenset({"SUMMARY", "DESCRIPTION", "LOCATION", CITY})
_REPEATABLE = frozenset(
    {"ATTACH", "CATEGORIES", "COMMENT", "CONTACT", "RELATED-TO", "REQUEST-STATUS", "RESOURCES"}
)
"""Properties of which an entry may have several; of the others one is right. Source: §3.6.1."""


class CalendarEvent(NamedTuple):
    """What an entry contains.

    Attributes:
        members: property -> text; ATTENDEE a list of names.
        problems: what makes it no row.
        codes: of warnings.
        uid: of the event, by which single dates of it are found.
        replaces: the date of a recurring event that this entry changes; None of an event of its own.
    """

    members: dict[str, Any]
    problems: list[Problem]
    codes: list[str]
    is_cancelled: bool
    uid: str = ""
    replaces: str | None = None

    @property
    def is_recurring(self) -> bool:
        """Whether it has more dates than one."""
        return "recurring_event" in self.codes


class _Property(NamedTuple):
    name: str
    parameters: dict[str, str]
    value: str

    def parameter(self, name: str) -> str:
        """Return the value of a parameter without quotes; "" where it is missing."""
        return self.parameters.get(name, "").strip('"')


def read_event(
    text: str, zones: NamedZones, mapped: Collection[str], changed: Callable[[str], Collection[str]]
) -> CalendarEvent:
    """Return the members of a VEVENT from its BEGIN to its END.

    `mapped` are further properties that are wanted; `changed` returns the dates of an event, by its UID,
    that other entries replace or cancel.
    """
    found = _properties(text)
    wanted = SHOWN.union(mapped)
    members: dict[str, Any] = {"SUMMARY": "", "DTSTART": ""}
    problems: list[Problem] = []
    of_zone: list[Problem] = []
    codes = list[str]()
    differing = dict[str, None]()
    invited = [each for each in found if each.name == "ATTENDEE"]
    present = [each for each in invited if takes_part(*map(each.parameter, _OF_ATTENDEES))]
    names = [name for each in present if (name := _common_name(each))]
    for each in found:
        if each.name == "DTSTART":
            start = _start(each, zones, of_zone)
            if "" not in (members["DTSTART"], start) and start != members["DTSTART"] and not problems:
                problems.append(_two_starts(members["DTSTART"], start))
            members["DTSTART"] = members["DTSTART"] or start
        elif each.name in wanted and each.name != "ATTENDEE":
            earlier, told = members.get(each.name, ""), _text(each)
            if earlier.strip() and told.strip() and told.strip() != earlier.strip():
                differing[each.name] = None
            members[each.name] = earlier if earlier.strip() else told
    # A value that is not read would be lost in silence; what is no field may differ.
    single = _OF_ONE_FIELD.union(mapped).difference(_REPEATABLE)
    problems += [problem("duplicate_key", value=name) for name in differing if name in single]
    if names:
        members["ATTENDEE"] = names
    codes += [NAMELESS] * (len(present) - len(names)) + [ABSENT] * (len(invited) - len(present))
    if any(each.name in ("RRULE", "RDATE") for each in found):
        codes.append("recurring_event")
    raw = {each.name: each for each in reversed(found)}
    # What other entries are found by is kept from batch to batch, in what UTF-8 can carry.
    uid = sendable(raw["UID"].value.strip()) if "UID" in raw else ""
    replaces = _start(raw["RECURRENCE-ID"], zones, []) if "RECURRENCE-ID" in raw else None
    if "recurring_event" in codes and "DTSTART" in raw:
        members["DTSTART"] = _first_date(raw["DTSTART"], found, zones, changed(uid), problems)
    is_own = is_own_uid(uid) or EXACT in raw
    if not (is_own and _read_own(members, raw, mapped)):
        problems = [*of_zone, *problems]
    status = raw["STATUS"].value.strip().upper() if "STATUS" in raw else ""
    return CalendarEvent(members, problems, codes, status == "CANCELLED", uid, replaces)


def is_same_date(one: str, other: str) -> bool:
    """Return whether two starts are the same; one without a time stands for its whole day."""
    if len(one) == 10 or len(other) == 10:
        return one[:10] == other[:10]
    try:
        moments = datetime.fromisoformat(one), datetime.fromisoformat(other)
    except ValueError:
        return one == other
    if all(moment.tzinfo for moment in moments):
        return moments[0] == moments[1]
    return one[:19] == other[:19]


def _first_date(
    start: _Property,
    found: list[_Property],
    zones: NamedZones,
    changed: Collection[str],
    problems: list[Problem],
) -> str:
    """Return the first date that takes place: neither excluded, nor replaced by another entry."""
    told = _start(start, zones, [])
    excluded = [*changed, *(date for each in found if each.name == "EXDATE" for date in _dates(each, zones))]
    rules = {each.value: each for each in found if each.name == "EXRULE" and each.value.strip()}
    # Each may have a thousand dates: of more than a calendar has none is believed.
    are_few = len(rules) <= _MOST_EXCLUDING
    excluding = [set(_dates_of(start, each, zones)) for each in rules.values()] if are_few else []
    by_rule = set[str]().union(*excluding)

    def takes_place(date: str) -> bool:
        return date not in by_rule and not any(is_same_date(date, other) for other in excluded)

    # A rule without a date is one that is not known.
    if are_few and all(excluding):
        if takes_place(told):
            return told
        for date in sorted(_later_dates(start, found, zones)):
            if date > told and takes_place(date):
                return date
    problems.append(problem("invalid_date.no_first", "event_date", value=told))
    return told


def _later_dates(start: _Property, found: list[_Property], zones: NamedZones) -> Iterator[str]:
    """Yield dates of the rules, and of RDATE, after the start."""
    for each in found:
        if each.name == "RRULE":
            yield from _dates_of(start, each, zones)
        elif each.name == "RDATE":
            yield from _dates(each, zones)


def _dates_of(start: _Property, rule: _Property, zones: NamedZones) -> Iterator[str]:
    """Yield the dates of a rule from the start on."""
    stamp = _STAMP.fullmatch(start.value.strip())
    if stamp is None:
        return
    form = "%Y%m%d" if stamp[4] is None else "%Y%m%dT%H%M%S"
    wall = datetime.strptime(start.value.strip().rstrip("Z"), form)  # noqa: DTZ007 - a wall clock.
    for date in dates_of(wall, rule.value):
        yield _start(start._replace(value=date.strftime(form) + (stamp[7] or "")), zones, [])


def _dates(found: _Property, zones: NamedZones) -> list[str]:
    """Return the dates of a list; of a period its start."""
    return [
        _start(found._replace(value=value.partition("/")[0]), zones, []) for value in found.value.split(",")
    ]


def unfolded(text: str) -> str:
    """Return unfolded lines; a fold may cut a character in two. Source: §3.1."""
    whole = _FOLD.sub("", text)
    if whole.isascii():
        return whole
    try:
        return whole.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return (
            whole  # Half of a character of UTF-16, which has no bytes here: the rule of the field refuses it.
        )


def _properties(text: str) -> list[_Property]:
    """Return the properties of the entry itself, not those of its alarms."""
    found, depth = [], 0
    if _QUOTED_PRINTABLE in text.upper():
        text = _SOFT_LINES.sub(lambda lines: _SOFT_BREAK.sub("", lines[0]), text)
    for line in _LINE_END.split(unfolded(text)):
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name = match[1].upper()
        depth += (name == "BEGIN") - (name == "END")
        if depth == 1 and name != "BEGIN":
            each = _Property(name, _parameters(match[2]), match[3])
            found.append(_with_whole_zone(each) if name in _DATED else each)
    return found


def _with_whole_zone(found: _Property) -> _Property:
    """Return a date whose zone is all before the last colon: its name may have one, and no quotes."""
    rest, _, value = found.value.rpartition(":")
    zone = found.parameters.get("TZID", "")
    if not (rest and zone) or zone.startswith('"') or _STAMP.match(value.lstrip()) is None:
        return found
    whole = f"{zone}:{rest.partition(';')[0]}"
    return found._replace(parameters={**found.parameters, "TZID": whole}, value=value)


def _parameters(text: str) -> dict[str, str]:
    return {match[1].upper(): match[2] or "" for match in _PARAMETER.finditer(text)} if text else {}


def _text(found: _Property) -> str:
    """Return a TEXT value as it is meant. Source: §3.3.11."""
    value = found.value
    encoding = found.parameters.get("ENCODING", "").strip('"').upper()
    if encoding == _QUOTED_PRINTABLE or _QUOTED_PRINTABLE in found.parameters:
        try:
            encoded = value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return value
        value = quopri.decodestring(encoded).decode("utf-8", "surrogateescape")
    elif encoding in _BASE64 or not _BASE64.isdisjoint(found.parameters):
        return _from_base64(value)
    return unescaped(value)


def _from_base64(value: str) -> str:
    """Return the text of bytes in base64; what is none was not encoded. Source: RFC 5545 §3.2.7."""
    encoded = "".join(value.split())
    try:
        text = binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True).decode()
    except ValueError:
        return unescaped(value)
    # Words that happen to be base64 give anything but a text.
    return unescaped(value) if _CONTROLS.search(text) else text


def unescaped(text: str) -> str:
    """Return a TEXT without its escapes. Source: §3.3.11."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    character = match[1]
    if character in "nN":
        return "\n"
    return character if character in '\\;,:"' else match[0]


def _common_name(found: _Property) -> str:
    """Return the CN of an attendee, if it is a name. Source: §3.2.2, RFC 6868 §3.1."""
    name = found.parameter("CN")
    return told_name(_CARET.sub(lambda match: {"n": " ", "'": '"'}.get(match[1], match[1]), name))


def _start(found: _Property, zones: NamedZones, problems: list[Problem]) -> str:
    """Return DTSTART as a date of ours: with the offset that its zone has on that day."""
    value = found.value.strip()
    stamp = _STAMP.fullmatch(value)
    if stamp is None:
        return value
    year, month, day, hour, minute, second, utc = stamp.groups()
    date = f"{year}-{month}-{day}"
    if hour is None:
        return date
    moment = f"{date}T{hour}:{minute}:{second or '00'}"
    zone = sendable(unescaped(found.parameters.get("TZID", "").strip('"')))
    if utc or not zone:
        return moment + (utc or "")
    return moment + _offset(moment, zone, zones, problems)


def _two_starts(one: str, other: str) -> Problem:
    """Return the problem of an entry that begins twice, which §3.6.1 forbids."""
    return problem("invalid_date.two_starts", "event_date", value=excerpt(one), other=excerpt(other))


def _offset(moment: str, zone: str, zones: NamedZones, problems: list[Problem]) -> str:
    found = zones.zone(zone)
    if found is None:
        problems.append(problem("invalid_date.zone", "event_date", value=excerpt(zone)))
        return ""
    try:
        wall = datetime.fromisoformat(moment)
        offset = offset_at(found, wall)
        if offset is None:
            problems.append(_local_mean_time(moment, excerpt(zone), wall.replace(tzinfo=found)))
    except (ValueError, OverflowError):
        return ""  # No such day exists; the rule of dates reports it.
    return offset or ""


def _local_mean_time(text: str, zone: str, moment: datetime) -> Problem:
    """Return the problem of a time from before a place had an offset of whole minutes."""
    utc = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return problem("invalid_date.offset_seconds", "event_date", value=text, suggestion=utc, zone=zone)


def _read_own(members: dict[str, Any], raw: Mapping[str, _Property], mapped: Collection[str]) -> bool:
    """Set members to what an entry of our own export means.

    Return whether that has the date as it was stored, which needs no time zone.
    """
    has_date = False
    if EXACT in raw:
        has_date = _restore(members, raw, _text(raw[EXACT]))
        # They repeat what the exact values have.
        for name in {"COMMENT", "CATEGORIES"}.difference(mapped):
            members.pop(name, None)
    elif "COMMENT" in members and "COMMENT" not in mapped:
        # A calendar program has dropped the properties that it does not know.
        members.setdefault("ATTENDEE", people_in(members.pop("COMMENT")))
    return has_date


def _restore(members: dict[str, Any], raw: Mapping[str, _Property], exact: str) -> bool:
    """Set members to the exact values of our own export, where nobody has changed them since.

    Return whether the date is one of them.
    """
    told = decode_json(exact)
    if not isinstance(told, dict):
        return False
    date, city = told.get("event_date"), told.get("city")
    has_date = "DTSTART" in raw and _is_still_at(raw["DTSTART"], date, told.get(ZONE))
    if has_date:
        members["DTSTART"] = date
    if _is_still(told.get("description"), members.get("DESCRIPTION", "")):
        members["DESCRIPTION"] = told["description"]
    if _is_still(people_of(told.get("participants")), members.get("COMMENT", "")):
        members["ATTENDEE"] = told.get("participants", [])
    elif "COMMENT" in members:
        members["ATTENDEE"] = people_in(members["COMMENT"])
    if _is_still(city, members.get(CITY, "")):
        members[CITY] = city
    venue = told.get("local_info")
    if (venue is None or isinstance(venue, dict)) and "local_info" in told:
        where = location_of(venue, members.get(CITY, ""))
        if _is_still(where, members.get("LOCATION", "")):
            members.pop("LOCATION", None)
            if venue is not None:
                members[LOCAL_INFO] = venue
        else:
            _place(members, venue)
    return has_date


def _place(members: dict[str, Any], venue: dict[str, Any] | None) -> None:
    """Set the members of a place whose LOCATION was changed; what a calendar does not show stays."""
    name, address, members[CITY] = place_in(members.pop("LOCATION", ""), venue, members.get(CITY, ""))
    if venue is not None and name:
        members[LOCAL_INFO] = {**venue, "location_name": name, "address": address}
    elif name:
        members["LOCATION"] = name


def _is_still_at(start: _Property, date: object, zone: object) -> bool:
    """Return whether DTSTART is what was written for a date, in the same zone; earlier exports named none."""
    return (
        isinstance(date, str)
        and _starts(date) == start.value.strip()
        and start.parameters.get("TZID", "").strip('"') in ("", zone)
    )


def _is_still(exact: object, shown: str) -> bool:
    """Return whether a property still has what was written together with the exact value."""
    return isinstance(exact, str) and lines_of(exact) == shown


def _starts(event_date: str) -> str | None:
    try:
        return start_of(event_date)
    except (ValueError, OverflowError):
        return None
