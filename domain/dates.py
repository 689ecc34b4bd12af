"""When an event takes place: the wall clock at the venue, and where that stands in time.

Source: RFC 3339, ISO 8601-1 extended format.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from domain.imports import DateFormat
from domain.problems import Problem, excerpt
from domain.text import required

FIRST_YEAR, LAST_YEAR = 1900, 2200

_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
_OFFSET = r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3])(?::[0-5][0-9])?)?"
_ISO = re.compile(
    rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})(?:[Tt ]{_CLOCK}{_OFFSET})?"
)
_DMY = re.compile(
    r"(?P<day>[0-9]{1,2})([/.-])(?P<month>[0-9]{1,2})\2(?P<year>[0-9]{4})"
    rf"(?:[Tt ]\s*{_CLOCK}{_OFFSET})?"
)
_EXCEL_SERIAL = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")
_EXCEL_EPOCH = date(1899, 12, 30)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_event_date(
    text: str, *, timezone: tzinfo, date_format: DateFormat = "iso", field: str = "event_date"
) -> tuple[str, int] | Problem:
    """Return the date as it is kept and its instant in microseconds since 1970 UTC, or the problem.

    Kept as it came but for: `T` between date and time, `Z` in capitals, seconds added, a date
    alone at 00:00, minutes of the offset added. A naive time counts in `timezone`.
    """
    text = text.strip()
    if not text:
        return required(field)
    match = _ISO.fullmatch(text)
    if match is None and date_format == "dmy":
        match = _DMY.fullmatch(text)
    if match is None:
        return _invalid(field, text)
    read = _read(match, timezone)
    if isinstance(read, tuple):
        return read
    return _invalid(field, text) if read == "invalid" else _out_of_range(field, text)


def _read(match: re.Match[str], timezone: tzinfo) -> tuple[str, int] | Literal["invalid", "out of range"]:
    parts = match.groupdict()
    year = int(parts["year"])
    try:
        # Year 4 stands in for year 0, which Python lacks: month and day exist in both or neither.
        date(year or 4, int(parts["month"]), int(parts["day"]))
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return "out of range"
        kept = _kept(parts)
        return kept, _instant(kept, parts, timezone)
    except OverflowError:
        return "out of range"
    except ValueError:
        return "invalid"


def _kept(parts: dict[str, str | None]) -> str:
    """Write the matched parts in the one form that is stored."""
    day = f"{parts['year']}-{parts['month']:0>2}-{parts['day']:0>2}"
    fraction = f".{parts['fraction']}" if parts["fraction"] else ""
    clock = f"{parts['hour'] or '00'}:{parts['minute'] or '00'}:{parts['second'] or '00'}{fraction}"
    offset = (parts["offset"] or "").upper()
    return f"{day}T{clock}{offset}:00" if len(offset) == 3 else f"{day}T{clock}{offset}"


def _instant(kept: str, parts: dict[str, str | None], timezone: tzinfo) -> int:
    """Return microseconds since 1970 UTC. Raises ValueError for a time that no clock shows."""
    moment = datetime.fromisoformat(kept[:19])
    micros = int((parts["fraction"] or "0")[:6].ljust(6, "0"))
    offset = kept[19 + (len(parts["fraction"]) + 1 if parts["fraction"] else 0) :]
    moment = moment.replace(microsecond=micros, tzinfo=_zone(offset, timezone))
    return (moment - _UNIX_EPOCH) // _MICROSECOND


def _zone(offset: str, timezone: tzinfo) -> tzinfo:
    if not offset:
        return timezone
    zone = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
    return zone or UTC


def _out_of_range(field: str, text: str) -> Problem:
    message = f"{field} must be between the years {FIRST_YEAR} and {LAST_YEAR}, not {excerpt(text)}"
    return Problem(field, "date_out_of_range", message, excerpt(text))


def _invalid(field: str, text: str) -> Problem:
    suggestion = _suggestion(text)
    message = f"{field} must be a date like 2025-07-01T10:00:00, not {excerpt(text)}"
    if suggestion:
        message += f"; did you mean {suggestion}?"
    return Problem(field, "invalid_date", message, excerpt(text), suggestion)


def _suggestion(text: str) -> str | None:
    """Return the ISO form of a day-first date or of a spreadsheet's serial number, if it is one."""
    if _EXCEL_SERIAL.fullmatch(text):
        return (_EXCEL_EPOCH + timedelta(days=int(text[:5]))).isoformat()
    match = _DMY.fullmatch(text)
    if match is None:
        return None
    read = _read(match, UTC)
    if isinstance(read, str):
        return None
    return read[0] if match["hour"] else read[0][:10]
