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
_LAST_MINUTE = "T23:59:"
_ENDS_OF_DAY = (0, 1, 58, 59)
"""Seconds that somebody writes: of the first and the last moments of a day."""
_STEP = 5
"""Minutes between the times at which events begin."""
_ENOUGH = 2
"""Different ones; of evenings in their last minute, at which no event begins, one."""
_PROOF = 10
"""So many different ones are no chance, whatever follows."""
_MOST_RECORDS = 100


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
        self._kind: OddSeconds | None = None
        self._records = 0

    def look(self, text: str) -> None:
        """Look at the date of the next record."""
        text = text.strip()
        self._records += 1
        moment = _MOMENT.fullmatch(text)
        if moment is None:
            # A blank or a text says nothing; a date alone is no odd time.
            is_ordinary = text[:4].isdigit()
        else:
            kind = _kind_of(int(moment["minute"]), int(moment["second"]))
            is_ordinary = kind is None or self._kind not in (None, kind)
        if is_ordinary:
            self.found = self._decided() if len(self._moments) >= _PROOF else OddSeconds()
            return
        if moment is not None:
            self._moments.add(text)
            self._kind = kind
        if self._records >= _MOST_RECORDS:
            self.end()

    def end(self) -> None:
        """Decide by what was seen."""
        if self.found is None:
            self.found = self._decided()

    def _decided(self) -> OddSeconds:
        is_evening = bool(self._moments) and all(_LAST_MINUTE in moment for moment in self._moments)
        is_enough = len(self._moments) >= _ENOUGH or is_evening
        return (is_enough and self._kind) or OddSeconds()


def _kind_of(minute: int, second: int) -> OddSeconds | None:
    """Return how a time is off; None of one that is not."""
    is_early, is_late = minute % _STEP == _STEP - 1, minute % _STEP == 0
    return OddSeconds(second, is_early) if second not in _ENDS_OF_DAY and (is_early or is_late) else None


def meant_by(text: str, odd: OddSeconds) -> str | None:
    """Return the date that is meant by one with the odd seconds of its file; None of any other."""
    text = text.strip()
    moment = _MOMENT.fullmatch(text)
    if moment is None or not odd.seconds or int(moment["second"]) != odd.seconds:
        return None
    try:
        meant = datetime.fromisoformat(text).replace(second=0) + timedelta(minutes=odd.is_early)
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
