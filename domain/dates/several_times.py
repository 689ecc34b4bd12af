"""Several times of day in one text: ranges and lists, `7-9pm`, `das 19h às 22h`, `16h, 18h30 e 21h`."""

import re

from domain.dates.words import plain

_LONGEST = 120
_HALF_DAY = 12
_DAY = 24
_EARLIEST_NIGHT = 5
_HOUR = r"(?P<hour>[0-9]{1,2})(?:[:.h](?P<minute>[0-9]{2}))?(?: ?(?:hs?|hrs?|horas?))?"
_HALF = r"(?P<half>[ap])\.? ?m\b"
_PART = (
    r"(?:(?:da|de la|in the) )?(?P<part>madrugada|manha|tarde|noite|manana|noche|morning|afternoon|evening)\b"
)
_ENDS_WITH_TIME = re.compile(rf"(?P<before>(?:.*[^0-9/.:+-])?)(?<![/.:-] ){_HOUR}")
_TIME = r"[0-9]{1,2}(?:[:h.][0-9]{2})?(?: ?(?:hs?|hrs?|horas?)\b)?(?: ?[ap]\.? ?m\b\.?)?"
_BEFORE = r"(?:(?:das?|de|as|a las|las|entre|from|between|at|desde) ){0,2}+"
_BETWEEN = r"(?: ?[-,/;\u2192&~|\u00b7\u2022] ?| (?:as?|ao?s?|ate|e|y|and|to|until|hasta|ou|o|or) )"
_TIMES = re.compile(rf"{_BEFORE}{_TIME}(?:{_BETWEEN}{_BEFORE}{_TIME}){{0,9}}")
_END_WITH_HALF = re.compile(
    rf"(?:{_BETWEEN}{_BEFORE}{_TIME}){{0,9}}?{_BETWEEN}{_BEFORE}{_HOUR}(?: ?{_HALF}| {_PART})"
)
# A number alone may be anything: one of the times has to be written as a time.
_MARKED = re.compile(r"[0-9](?:[:h][0-9]{2}| ?(?:hs?|hrs?|horas?)\b| ?[ap]\.? ?m\b)")


def are_times(text: str) -> bool:
    """Return whether a cell holds times of day and nothing else: one, a range or a list. Total."""
    known = plain(text) if len(text) <= _LONGEST else None
    return bool(known) and bool(_MARKED.search(known or "")) and _TIMES.fullmatch(known or "") is not None


def with_half_of_end(start: str, end: str) -> str | None:
    """Return the plain text of a start, its time in the half of the day that is written after its end.

    `7` of `7-9 pm` is `19:00`, `11` of `11-1 pm` is `11:00`. None where two readings remain; the start as it
    is where it has a half of its own, or none is written.
    """
    kept, half = _ENDS_WITH_TIME.fullmatch(start), _END_WITH_HALF.match(end)
    if kept is None or half is None:
        return start
    first, last = int(kept["hour"]), _hour_of(half)
    if first > _HALF_DAY or first == 0:
        return start
    if last is None:
        return None
    begin = _minutes(first % _HALF_DAY, kept["minute"])
    distance = (_minutes(last, half["minute"]) - begin) % _minutes(_HALF_DAY, None)
    if distance == 0:
        return None
    minutes = (_minutes(last, half["minute"]) - distance) % _minutes(_DAY, None)
    return f"{kept['before']}{minutes // 60:02}:{minutes % 60:02}"


def _minutes(hour: int, minute: str | None) -> int:
    return hour * 60 + int(minute or 0)


def _hour_of(found: re.Match[str]) -> int | None:
    """Return an hour of 24 by the half or part of its day; None where that leaves two readings."""
    hour, half, part = int(found["hour"]), found["half"], found["part"]
    if hour > _HALF_DAY:
        return hour if hour < _DAY else None
    if half:
        # Some write noon as 12 AM, and midnight as 12 PM.
        return None if hour == _HALF_DAY else hour + _HALF_DAY * (half == "p")
    if part in ("noite", "noche", "evening"):
        return None if hour < _EARLIEST_NIGHT else (hour + _HALF_DAY) % _DAY
    if part in ("tarde", "afternoon"):
        return hour % _HALF_DAY + _HALF_DAY
    return hour % _HALF_DAY if part == "madrugada" else hour
