"""Finds dates of a workbook that a program wrote some seconds beside the time that was meant.

SheetJS takes the time zone of the year 1899 off each date without its seconds: in America, and elsewhere,
every time of the workbook is as many seconds too early, and every date alone is the evening before it.
Source: SheetJS issue 2644.
"""

import re
from datetime import datetime, timedelta

from msgspec import Struct

from domain.problems import Problem, excerpt, problem

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})", re.ASCII
)
_LAST_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T23:59:(?!00|59)[0-9]{2}", re.ASCII)
LAST_MINUTE = "T23:59:"
"""Without it, no date is in the last minute of its day."""
_ENDS_OF_DAY = (0, 1, 59)
"""Seconds that somebody writes: of the first and the last second of a day."""
_STEP = 5
"""Minutes between the times at which events begin."""
_ENOUGH = 2
_MOST_RECORDS = 100
_MOST_OTHERS = 20


class OddSeconds(Struct, frozen=True):
    """What a search found: the seconds that all times have, None where they are ordinary."""

    seconds: int | None = None
    is_early: bool = True


class SecondsSearch:
    """Looks at the dates of the first records, up to the first that has ordinary seconds.

    Attributes:
        found: what it found; None while further records may change that.
    """

    def __init__(self) -> None:
        """Begin with the first record."""
        self.found: OddSeconds | None = None
        self._moments: set[str] = set()
        self._kinds: set[OddSeconds] = set()
        self._records = self._others = 0

    def look(self, text: str) -> None:
        """Look at the date of the next record."""
        text = text.strip()
        self._records += 1
        moment = _MOMENT.fullmatch(text)
        if moment is None:
            # A blank or a text says nothing; a date alone is no odd time.
            self._others += 1
            if text[:4].isdigit() or self._others >= _MOST_OTHERS:
                self.found = OddSeconds()
            return
        self._moments.add(text)
        self._kinds.update(_kinds_of(int(moment["minute"]), int(moment["second"])))
        if len(self._kinds) != 1:
            self.found = OddSeconds()
        elif self._records >= _MOST_RECORDS:
            self.end()

    def end(self) -> None:
        """Decide by what was seen."""
        if self.found is None:
            is_enough = len(self._moments) >= _ENOUGH and len(self._kinds) == 1
            self.found = next(iter(self._kinds)) if is_enough else OddSeconds()


def _kinds_of(minute: int, second: int) -> set[OddSeconds]:
    """Return how a time is off; several, or none, of one that is not."""
    if second in _ENDS_OF_DAY:
        return set()
    is_early, is_late = minute % _STEP == _STEP - 1, minute % _STEP == 0
    return {OddSeconds(second, is_early)} if is_early or is_late else {OddSeconds(), OddSeconds(second)}


def meant_by(text: str, odd: OddSeconds) -> str | None:
    """Return the date that is meant by one with odd seconds; None of any other.

    No event begins in the last minute of a day, so one such date is enough.
    """
    text = text.strip()
    moment = _MOMENT.fullmatch(text)
    is_last = _LAST_MINUTE.fullmatch(text) is not None
    if moment is None or not (is_last or (odd.seconds and int(moment["second"]) == odd.seconds)):
        return None
    try:
        start = datetime.fromisoformat(text).replace(second=0)
        meant = start + timedelta(minutes=is_last or odd.is_early)
    except (ValueError, OverflowError):
        return None
    return meant.date().isoformat() if (meant.hour, meant.minute) == (0, 0) else meant.isoformat()


def odd_seconds(text: str, meant: str) -> Problem:
    """Return the problem of a date with odd seconds."""
    one = text.strip()
    return problem(
        "invalid_date.odd_seconds",
        "event_date",
        value=excerpt(one),
        suggestion=meant,
        suggestions=(meant, one),
        other=meant,
    )
