"""Dates of tests: read with a zone, and with an order."""

from zoneinfo import ZoneInfo

from domain.dates import DateOrder, parse_event_date
from domain.imports import DateFormat
from domain.problems import Problem

RECIFE = ZoneInfo("America/Recife")
FORMATS: tuple[DateFormat, ...] = ("auto", "iso", "dmy", "mdy")


def parse(text: str, date_format: DateFormat | None = "auto", time: str = "") -> tuple[str, int] | Problem:
    order = date_format and DateOrder(date_format)
    return parse_event_date(text, timezone=RECIFE, order=order, time=time)


def kept(text: str, date_format: DateFormat | None = "auto", time: str = "") -> str:
    """Return what is kept of a date, or the code of its problem."""
    parsed = parse(text, date_format, time)
    return parsed.code if isinstance(parsed, Problem) else parsed[0]
