"""What was probably meant by a date or a time that is refused: ranges, words for times, serials, offsets."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from msgspec.structs import replace

from domain.dates.order import DateOrder
from domain.dates.several_times import with_half_of_end
from domain.dates.words import WEEKDAYS, plain
from domain.dates.written import (
    Clock,
    Day,
    Written,
    existing_day,
    in_range,
    read_clock,
    read_written,
    with_year_beside_day,
)
from domain.dates.zone_behind import offset_of, without_zone

_SERIAL = re.compile(r"(?P<days>[1-9][0-9]{4})(?:[.,](?P<part>[0-9]{1,20}))?")
_DAY_PART = re.compile(r"0[.,](?P<part>[0-9]{1,20})")
_MINUTES = re.compile(r"(?P<day>(?:19|20)[0-9]{6})(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})")
_EPOCH = re.compile(r"(?P<seconds>[1-9][0-9]{8,9})(?P<millis>[0-9]{3})?")
_SERIAL_DAY_ZERO = date(1899, 12, 30)
_DAY_ZERO_OF_1904 = date(1904, 1, 1)
_YEAR = re.compile(r"[0-9]{4}")
# What only a text has that a sheet's formula or a note stood around.
_AROUND = re.compile(
    r"=?[\"'\u201c\u201d\u2018\u2019]*(?P<text>.*?)[\"'\u201c\u201d\u2018\u2019*\u2020.,;!?]*"
)
_WEEKDAY_BEHIND = re.compile(
    r"(?P<day>.*[0-9]),?(?: -)? \(?(?P<name>[a-z]+)(?:[- ]feira)?\.?\)?(?P<rest>(?:,? .*)?)"
)
_END_OF_DAY = re.compile(r"(?:(?<=[0-9]{4})|(?<=[/.-][0-9]{2})|(?<=[/.-][0-9])),? ")
_SPLITS_TRIED = 4
_BETWEEN = r"(?:[-→,&~]| ?\b(?:a|ao|al|as|e|y|and|to|until|ate|hasta)\b(?: o| el)?(?: dia)?)"
_END_OF_FIRST = re.compile(rf"(?<=[0-9a-z.)\]]) ?(?:{_BETWEEN}|[/|\u00b7\u2022]) ?(?=[0-9]|[a-z]+\.? [0-9])")
_ENDS_TRIED = 8
# The first of several days is written as far as it differs from the next.
_LONGEST_RANGE_DAYS = 15
_DAY_OF_RANGE = re.compile(
    rf"(?:(?:de|do|del|dia|dias|entre|from) )*(?P<day>[0-9]{{1,2}})"
    rf"(?P<others>(?: ?{_BETWEEN} ?[0-9]{{1,2}}){{1,9}})"
    r"(?P<rest>(?:[/.-]| de | )[^ ].*)"
)
_MONTH_AND_DAYS = re.compile(rf"(?P<day>[a-z]+\.? [0-9]{{1,2}}) ?{_BETWEEN} ?[0-9]{{1,2}}(?P<rest>,? .*)")
_DAY_WITHOUT_YEAR = re.compile(
    rf"(?:(?:de|do|del|dia|from) )?(?P<day>[0-9]{{1,2}}(?P<mark>[/.-]| de )[0-9a-z]+) ?{_BETWEEN}"
    r" ?(?P<last>[0-9]{1,2}(?P=mark)[0-9a-z]+)(?P<rest>(?P=mark)(?P<year>[0-9]{4}).*)"
)
# A bare number is a time only behind a word that says so: behind others it may be another day.
_AT = re.compile(r"(?:(?:as|aos?|at|a? ?las|@) |(?:(?:a|-) )?(?=.*[^0-9]))(?P<time>.+)")
_LEAD = re.compile(
    r"(?:a partir d[aeo]s?|d[ae]s?|ao?s?|desde las|desde|a? ?las|from|at|inicio as|-|@|(?:no )?dia|em|el|on)"
    r" (?P<rest>.+)"
)
_NOON = 12
_NAMED_TIMES = dict.fromkeys(
    ("meio-dia", "meio dia", "mediodia", "noon", "midday"), "12:00:00"
) | dict.fromkeys(("meia-noite", "meia noite", "medianoche", "midnight"), "00:00:00")
_PART_OF_DAY = re.compile(
    r"(?P<time>[^ ]+) (?:horas )?(?:(?:da|de la|in the) |\()?"
    r"(?P<part>madrugada|manha|tarde|noite|manana|noche|morning|afternoon|evening)\)?"
)
_LATE = frozenset({"tarde", "noite", "noche", "afternoon", "evening"})
_AROUND_MIDNIGHT = frozenset({"noite", "noche", "madrugada"})
_WITH_POINT = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3])[.,](?P<minute>[0-5][0-9])")
_PART_OF_HOUR = re.compile(r"[0-9]+[.,][0-9]")
# What spreadsheets write for a time without a day: the day before the first.
_DAY_ZERO = re.compile(r"(?:1900-0?1-00?|00?/0?1/1900|0?1/00?/1900)[t ](?P<time>.+)")
_BARE_TIME = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3])(?:(?P<minute>[0-5][0-9])(?P<second>[0-5][0-9])?)?")
_IN_BRACKETS = re.compile(r"(?P<moment>.*[^ ]) ?\((?P<within>[^()]*)\)")
_WITH_WORD = re.compile(
    r"(?P<moment>.*[0-9](?: ?[ap]\.?m\.?)?) (?![ap]m\b)(?P<word>[a-z]{2,}(?:[/_][a-z_]+)*)"
)

_SHORT_OFFSET = re.compile(
    r"(?P<moment>.*?(?P<joint>(?<=[0-9])t)?(?P<start>[0-9]{1,2})[:h][0-9]{2}(?P<second>:[0-9]{2}(?:[.,][0-9]+)?)?)"
    r"(?P<apart> ?)(?P<sign>[+-])(?P<hour>[0-9])(?::?(?P<minute>[0-9]{2}))?"
)
_MINUTES_IN_WORDS = re.compile(
    r"(?P<day>.*[0-9]{4},? )?(?P<at>(?:d?as|at|a las|las|@) )?(?P<hour>[01]?[0-9]|2[0-3])"
    r"(?P<unit> ?(?:hs?|hrs?|horas?))?"
    r" (?:e|y) (?:(?P<minute>[0-5][0-9])(?P<minutes> ?(?:m|mins?|minutos?))?|meia|media)"
    r"(?P<rest>(?: (?!h(?:rs?|s|oras?)?\b)(?:(?:da|de la) )?[a-z]+)?)"
)
_HOURS = 24
# An end that is no hour: `19-30` is no range of times.
_LATE_END = re.compile(rf"(?![0-9]+,[0-9])[0-9]{{1,2}}[:h]?(?: ?{_BETWEEN} ?| ?/ ?)(?:2[5-9]|[3-9][0-9])")
_NO_TIME = re.compile(
    r"(?<![0-9:/.-])(?:(?:2[5-9]|[3-9][0-9]):[0-9]{2}|24:(?!00)[0-9]{2}|2[4-9]h[0-9]{2}|2[5-9] ?h(?:s|rs?)?"
    r"|[0-9]{1,2}[h:][6-9][0-9])(?![0-9a-z])"
)
"""A time that no day has. Its day alone would be another moment than is written. `40h` is a workload."""

_BRACKETED = re.compile(r"\((?P<round>[^()]*)\)|\[(?P<square>[^\[\]]*)\]")
_LINE_END = re.compile(r"[\r\n]+")
_LINES_TRIED = 4


def iso_moment(day: Day, clock: Clock | None) -> str:
    """Return a day and its time, if it has one, as they are stored."""
    return f"{day.iso}T{clock.iso}" if clock else day.iso


def date_suggestions(text: str, order: DateOrder) -> list[str]:
    """Return what may be meant by a text that is refused, in the order of its file where that is known."""
    number = _of_number(text, order)
    if number:
        return [number]
    tidied = _tidied(text[:100])
    if _NO_TIME.search(tidied):
        return [moment for moment in _of_whole(tidied, text, order) if "T" in moment]
    return _of_whole(tidied, text, order)


def _of_whole(tidied: str, text: str, order: DateOrder) -> list[str]:
    first, other = _first_lines(text[:100]), []
    if first and (written := read_written(first)) and written.clock:
        # What follows is another moment, or a note.
        tidied, first = first, ""
    for known in _whole(tidied):
        other += [moment for moment in _of_candidates(known, order) if moment not in other]
    return other or (_of_candidates(first, order) if first else [])


def _of_candidates(text: str, order: DateOrder) -> list[str]:
    known, zone = without_zone(text)
    for candidate in _candidates(known):
        moment, own_zone = without_zone(candidate)
        written = read_written(moment)
        days = _readings(written, order) if written else []
        if written and days:
            found = [_in_zone(day, written.clock, own_zone or zone) for day in days]
            return [moment for moment in found if moment is not None]
    return []


def _first_lines(text: str) -> str:
    """Return the plain text of the first lines of several, as many as are one date or time; "" for others."""
    lines = [line for line in _LINE_END.split(text) if line.strip()][: _LINES_TRIED + 1]
    firsts = (_tidied(" ".join(lines[:count])) for count in range(len(lines) - 1, 0, -1))
    return next((first for first in firsts if read_written(first) or read_clock(first)), "")


def _whole(tidied: str) -> list[str]:
    """Return what a text may be, the parts of its time in figures."""
    return _with_whole_offset(_with_minutes_in_words(tidied))


def _with_whole_offset(known: str) -> list[str]:
    """Return what a text may be whose offset of one digit lacks one: `19:30:00-3` is `19:30:00-03:00`.

    `19:30-3` may be a range, too; `7:30-9` is one.
    """
    found = _SHORT_OFFSET.fullmatch(known)
    if not found:
        return [known]
    whole = f"{found['moment']}{found['apart']}{found['sign']}{found['hour']:>02}:{found['minute'] or '00'}"
    is_of_program = found["joint"] or found["second"] or (found["apart"] and _YEAR.match(known))
    if found["sign"] == "+" or is_of_program:
        return [whole]
    return [known] if int(found["hour"]) > int(found["start"]) else [known, whole]


def _with_minutes_in_words(known: str) -> str:
    """Return what a text is whose minutes stand behind a word: `19 e 30` is `19:30`, `7 e meia` `7:30`.

    `19 e 20` are two hours.
    """
    moment = known
    if (found := _MINUTES_IN_WORDS.fullmatch(known)) is None:
        moment, _ = without_zone(known)
        found = _MINUTES_IN_WORDS.fullmatch(moment)
    if found is None or (found["day"] and not (found["at"] or found["unit"])):
        return known
    minute = found["minute"]
    if minute and not found["minutes"] and int(found["hour"]) < int(minute) < _HOURS:
        return known
    whole = f"{found['day'] or ''}{found['at'] or ''}{found['hour']}:{minute or '30'}{found['rest']}"
    return f"{whole}{known[len(moment) :]}"


def _candidates(known: str) -> Iterator[str]:
    """Yield what a text may mean, one after the other: each takes a while, and files have many rows."""
    yield known
    yield from _with_weekday_in_front(known)
    yield from _with_time_in_words(known)
    yield from _cut(known)


def _tidied(text: str) -> str:
    """Return a plain text with ASCII digits, without the quotes, stars and points around it."""
    if not text.isascii():
        digits = (unicodedata.decimal(each, None) for each in text)
        text = "".join(
            each if digit is None else str(digit) for each, digit in zip(text, digits, strict=True)
        )
    found = _AROUND.fullmatch(_unbracketed(plain(text) or ""))
    return with_year_beside_day(found["text"].strip()) if found else ""


def _unbracketed(known: str) -> str:
    """Return a text without the brackets around all of it."""
    found = _BRACKETED.fullmatch(known)
    return (found["round"] or found["square"] or "").strip() if found else known


def _in_zone(day: Day, clock: Clock | None, zone: str | None) -> str | None:
    """Return a moment with the offset of a zone's name; None where the name does not say it."""
    if clock is None or not zone:
        return iso_moment(day, clock)
    offset = offset_of(zone, day, clock)
    if clock.offset:
        return iso_moment(day, clock) if offset in (None, clock.offset) else None
    return None if offset is None else iso_moment(day, replace(clock, offset=offset))


def _with_weekday_in_front(known: str) -> list[str]:
    """Return a date with the weekday where it is read: `28/05/2026 quinta-feira 19h`."""
    found = _WEEKDAY_BEHIND.fullmatch(known)
    if not found or found["name"] not in WEEKDAYS:
        return []
    return [f"{found['name']} {found['day']}{found['rest']}"]


def _with_time_in_words(known: str) -> Iterator[str]:
    """Yield a date with the time that words behind it mean: `28/05/2026 ao meio-dia`."""
    for end in islice(_END_OF_DAY.finditer(known), _SPLITS_TRIED):
        day, at = known[: end.start()], _AT.fullmatch(known, end.end())
        clock = _time_in_words(at["time"]) if at else None
        written = read_written(day) if clock else None
        if written and written.clock is None:
            yield f"{day} {clock}"


def _readings(written: Written, order: DateOrder) -> list[Day]:
    """Return the days that may be meant: by the order of the file, and by the weekday, if one is written."""
    by_order = {"dmy": written.day_first, "mdy": written.month_first}.get(order.format)
    days = (by_order,) if by_order is not None else written.days
    weekday = written.weekday
    return [day for day in days if in_range(day) and weekday in (None, day.weekday)]


def _cut(known: str) -> list[str]:
    """Return a text without the end of its range, and without a word behind it."""
    firsts = _first_of_days(days) if (days := _DAY_OF_RANGE.fullmatch(known)) else []
    if days := _MONTH_AND_DAYS.fullmatch(known):
        firsts.append(f"{days['day']}{days['rest']}")
    if two := _DAY_WITHOUT_YEAR.fullmatch(known):
        firsts.append(_first_of_two(two))
    if noted := _IN_BRACKETS.fullmatch(known):
        firsts += [f"{noted['moment']} {noted['within']}", noted["moment"]]
    ends = [match.start() for match in islice(_END_OF_FIRST.finditer(known), _ENDS_TRIED)]
    starts = [_first_of_range(known[:end], known[end:]) for end in reversed(ends)]
    if None in starts:
        return []
    firsts += [start for start in starts if start is not None]
    if (word := _WITH_WORD.fullmatch(known)) and word["word"] not in WEEKDAYS:
        firsts.append(word["moment"])
    lead = _LEAD.fullmatch(known)
    return [*firsts, lead["rest"]] if lead else firsts


def _first_of_range(start: str, end: str) -> str | None:
    """Return a start in the half of the day of its end, with the zone that is named behind it."""
    moment, _ = without_zone(start)
    whole = with_half_of_end(moment, end)
    return None if whole is None else f"{whole}{start[len(moment) :]}"


def _first_of_days(found: re.Match[str]) -> list[str]:
    """Return the first of several days of a month: `30` of `30 a 02/05` is of the month before."""
    days = [int(day) for day in (found["day"], *re.findall("[0-9]+", found["others"]))]
    if days == sorted(days):
        return [f"{found['day']}{found['rest']}"]
    last = read_written(f"{days[-1]}{found['rest']}")
    day = last.day_first if last else None
    if last is None or day is None or not in_range(day) or days[1:] != sorted(days[1:]):
        return []
    before = date(day.year, day.month, 1) - timedelta(days=1)
    # `15 e 14/06` is no range over the end of a month.
    if before.day - days[0] + days[-1] > _LONGEST_RANGE_DAYS:
        return []
    first = existing_day(before.year, before.month, days[0])
    return [iso_moment(first, last.clock)] if first else []


def _first_of_two(found: re.Match[str]) -> str:
    """Return the first day of a range whose year is written after the last: the year before over New Year."""
    first, last = (read_written(f"{found[name]}{found['rest']}") for name in ("day", "last"))
    rest = found["rest"]
    if first and last and _day_of(first) > _day_of(last):
        rest = rest.replace(found["year"], f"{int(found['year']) - 1:04}", 1)
    return f"{found['day']}{rest}"


def _day_of(written: Written) -> Day:
    return written.days[0]


def _of_number(text: str, order: DateOrder) -> str | None:
    """Return the date and time that a spreadsheet's serial or a Unix time stands for."""
    serial = _SERIAL.fullmatch(text)
    if serial:
        zero = _DAY_ZERO_OF_1904 if order.is_1904 else _SERIAL_DAY_ZERO
        day = (zero + timedelta(days=int(serial["days"]))).isoformat()
        return f"{day}T{_time_of(serial['part'])}" if serial["part"] else day
    minutes = _MINUTES.fullmatch(text)
    if minutes and (known := read_written(f"{minutes['day']}T{minutes['hour']}{minutes['minute']}")):
        return iso_moment(known.days[0], known.clock)
    epoch = _EPOCH.fullmatch(text)
    if epoch:
        moment = datetime.fromtimestamp(int(epoch["seconds"]), UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
    return None


def _time_of(part: str) -> str:
    """Return the time after a part of a day, given by its decimals, to the second."""
    seconds = min(86_399, round(float(f"0.{part}") * 86_400))
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def time_suggestions(text: str, days: Sequence[Day]) -> list[str]:
    """Return what may be meant by a time that is refused, beside a date that may be one of some days."""
    part = _DAY_PART.fullmatch(text)
    if part:
        return [_time_of(part["part"])]
    if _PART_OF_HOUR.fullmatch(text) or read_written(text) is not None:
        return []
    tidied = _first_lines(text[:100]) or _unbracketed(plain(text[:100]) or "")
    if _LATE_END.fullmatch(tidied) and _with_minutes_in_words(tidied) == tidied:
        return []
    found: list[str] = []
    for known in _whole(tidied):
        found += [time for time in _times_in(known, days) if time not in found]
    return found


def _times_in(text: str, days: Sequence[Day]) -> list[str]:
    known, zone = without_zone(text)
    if zero := _DAY_ZERO.fullmatch(known):
        clock = read_clock(zero["time"])
        return [clock.iso] if clock else []
    candidates = [known, *_cut(known)]
    # `das 19h as 21h`: a lead before a range.
    candidates += [shorter for candidate in candidates[1:] for shorter in _cut(candidate)]
    for candidate in candidates:
        moment, own_zone = without_zone(candidate)
        time = _time_in_words(moment)
        clock = read_clock(time) if time else None
        if clock:
            told = _clock_in_zone(clock, own_zone or zone, days)
            return [told] if told else []
    return []


def _clock_in_zone(clock: Clock, zone: str, days: Sequence[Day]) -> str | None:
    """Return a time with the offset of a zone's name; None where that differs between the days."""
    offsets = {offset_of(zone, day, clock) for day in days or (None,)} if zone else {""}
    offset = offsets.pop() if len(offsets) == 1 else None
    if clock.offset:
        return clock.iso if not zone or offset in (None, clock.offset) else None
    return None if offset is None else replace(clock, offset=offset).iso


def _time_in_words(text: str) -> str | None:
    """Return the time that people mean by `meio-dia`, `8 da noite`, `19` or `193000`, for them to confirm."""
    if text in _NAMED_TIMES:
        return _NAMED_TIMES[text]
    found = _PART_OF_DAY.fullmatch(text)
    time = found["time"] if found else text
    if pointed := _WITH_POINT.fullmatch(time):
        time = f"{pointed['hour']}:{pointed['minute']}"
    bare = _BARE_TIME.fullmatch(time)
    clock = read_clock(f"{bare['hour']}:{bare['minute'] or '00'}:{bare['second'] or '00'}" if bare else time)
    if clock is None:
        return None
    if found and clock.hour == _NOON and found["part"] in _AROUND_MIDNIGHT:
        clock = replace(clock, hour=0)
    elif found and found["part"] in _LATE and clock.hour < _NOON:
        clock = replace(clock, hour=clock.hour + _NOON)
    return clock.iso
