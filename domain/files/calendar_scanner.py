"""Finds the entries of a calendar one by one. Source: RFC 5545 §3.4, §3.6."""

import re
from collections.abc import Collection
from typing import Any

from domain import limits
from domain.csv.text_window import TextWindow
from domain.files.calendar_event import CalendarEvent, is_same_date, read_event, unescaped, unfolded
from domain.files.found_record import FoundRecord, ScannerState
from domain.files.named_zones import NamedZones
from domain.problems import Problem, excerpt, problem, sendable

MOST_ZONES = 100
MOST_RECURRING = 500
"""So many recurring events are remembered, to find out whether a later entry changes their first date."""
ZONE_CHARACTERS = 64 * 1024

_EDGE = re.compile(
    r"(?:\A\ufeff?|(?<=[\r\n]))(?:(BEGIN|END):[ \t]*(VCALENDAR|VEVENT|VTIMEZONE|VTODO|VJOURNAL)|"
    r"(METHOD):[ \t]*CANCEL)[ \t]*(?=[\r\n]|\Z)",
    re.IGNORECASE,
)
"""Where a component begins or ends, or a calendar says that all in it is cancelled (RFC 5546 §3.2.5)."""

# In front of a UID, where no name of a zone has them: a zone is one line.
_FIRST, _CHANGED, _SOUGHT = "first\n", "changed\n", "sought\n"
_ZONE_NAME = re.compile(r"(?:^|(?<=[\r\n]))TZID[^:\r\n]*:([^\r\n]*)", re.IGNORECASE)
_TOO_LONG = problem("too_long.entry", limit=1)
_OPEN = problem("invalid_calendar.entry")


class CalendarScanner:
    """Finds VEVENTs.

    Modes: `start`, `open` in a calendar, `cancelled` in one of them, `over` after one, `bare` in a file of
    entries that are in no calendar.
    """

    def __init__(self, encoding: str | None, mapped: Collection[str], state: ScannerState) -> None:
        """Go on at a state; `mapped` are properties that the uploader named."""
        self.fault: Problem | None = None
        self.ends_early = False
        self.notes: list[str] = []
        self._mapped = mapped
        self._mode = state.mode
        self._window = TextWindow(
            given=encoding,
            encoding=state.encoding,  # type: ignore[arg-type] # it was one when it was dumped
            offset=state.offset,
            line=state.line,
            fallback="utf-8",
        )
        self._definitions = dict(state.notes)
        self._zones = NamedZones(self._definitions, may_guess=self._was_sought)

    @property
    def fed(self) -> int:
        """The number of bytes fed since the beginning of the file."""
        return self._window.fed

    @property
    def is_hungry(self) -> bool:
        """Whether the scanner needs more bytes, or has ended."""
        return self.fault is not None or self._window.is_hungry

    @property
    def dialect(self) -> dict[str, Any]:
        """The `format` and the `encoding`."""
        return {"format": "ics", "encoding": self._window.encoding}

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._window.feed(chunk)

    def close(self) -> None:
        """Note that the file has ended."""
        self._window.close()
        self._check_end()

    def find(self, most: int) -> list[FoundRecord]:
        """Return the next entries; none when they need more bytes."""
        window = self._window
        window.gather()
        found: list[FoundRecord] = []
        while len(found) < most and self.fault is None and not window.is_hungry:
            edge = self._next_edge()
            if edge is None:
                break
            record = self._take(edge)
            if record is not None:
                found.append(record)
        self._check_end()
        return found

    def _check_end(self) -> None:
        window = self._window
        if window.closed and window.is_hungry and self._mode not in ("over", "bare") and not self.fault:
            self.ends_early = True
            self.fault = problem("invalid_calendar.end")

    def _next_edge(self) -> re.Match[str] | None:
        """Return the next BEGIN, END or METHOD; what is before it is of no interest."""
        window = self._window
        edge = _EDGE.search(window.text, window.position)
        if edge is not None and (edge.end() < len(window.text) or window.closed):
            window.pass_to(edge.start())
            return edge
        self._pass_whole_lines()
        return None

    def _pass_whole_lines(self) -> None:
        """Pass what can hold no edge any more: all lines that have ended."""
        window = self._window
        if window.closed:
            window.pass_to(len(window.text))
            return
        end = max(window.text.rfind("\n"), window.text.rfind("\r", 0, len(window.text) - 1)) + 1
        if end > window.position:
            window.pass_to(end)
        if len(window.text) - window.position > limits.RECORD_CHARACTERS:
            window.pass_to(len(window.text) - 1)
        window.want_more()

    def _take(self, edge: re.Match[str]) -> FoundRecord | None:
        """Take one component, or one edge of a calendar."""
        window = self._window
        begins, name = (edge[1] or "").upper() == "BEGIN", (edge[2] or "").upper()
        if name == "VCALENDAR" or not begins:
            if name == "VCALENDAR":
                self._mode = "open" if begins else "over"
            elif self._mode not in ("cancelled", "bare"):
                self._mode = "cancelled" if edge[3] and self._mode == "open" else "open"
            window.pass_to(edge.end())
            return None
        if self._mode == "start":
            self._mode = "bare"
        end = self._end_of(name, edge.end())
        if end is None:
            return None
        start = edge.start()
        text = window.text[start:end]
        if name == "VEVENT":
            return self._record(start, end, text)
        if name == "VTIMEZONE":
            self._define(text)
        else:
            self.notes.append("other_component")
        window.pass_to(end)
        return None

    def _end_of(self, name: str, at: int) -> int | None:
        """Return where a component ends; None while that is to come, which is waited for up to a bound."""
        window = self._window
        for edge in _EDGE.finditer(window.text, at):
            if edge[3]:
                continue
            if edge[2].upper() == name and edge[1].upper() == "END" and self._is_whole(edge):
                return edge.end()
            if edge[1].upper() == "BEGIN" or edge[2].upper() == "VCALENDAR":
                return edge.start()  # The next one begins, and this one has not ended.
        if window.closed:
            return len(window.text)
        if len(window.text) - window.position > limits.RECORD_CHARACTERS:
            return len(window.text)
        window.want_more()
        return None

    def _is_whole(self, edge: re.Match[str]) -> bool:
        return edge.end() < len(self._window.text) or self._window.closed

    def _record(self, start: int, end: int, text: str) -> FoundRecord | None:
        window = self._window
        window.pass_to(start)
        line = window.line
        is_closed = text.rstrip().upper().endswith("END:VEVENT")
        problem = None if is_closed else _TOO_LONG if len(text) > limits.RECORD_CHARACTERS else _OPEN
        event = self._event(text, end) if is_closed else None
        if is_closed and event is None:
            return None
        window.pass_to(end)
        moved = self._moved_first(event) if event else None
        if event is not None and event.is_cancelled and moved is None:
            self.notes.append("cancelled_occurrence" if event.replaces else "cancelled_event")
            return None
        self.notes += event.codes if event else ()
        resume = ScannerState(
            window.offset, window.line, window.encoding, self._mode, dict(self._definitions)
        )
        members, problems = (event.members, event.problems) if event else ({}, [problem or _OPEN])
        problems = [*problems, moved] if moved else problems
        notes, self.notes = self.notes, []
        return FoundRecord(line, window.offset, members, problems, resume, notes)

    def _event(self, text: str, end: int) -> CalendarEvent | None:
        """Return the event of an entry; None while the definition of its time zone may still come."""
        event = read_event(text, self._zones, self._mapped, self._changed_dates)
        unknown = next((problem.value for problem in event.problems if problem.rule == "zone"), None)
        if unknown is not None and not self._was_sought(unknown):
            if not self._looked_ahead(unknown, end):
                return None
            # Each name is sought once: the rest of the file is not searched again for every entry.
            self._remember(f"{_SOUGHT}{unknown}", "")
            event = read_event(text, self._zones, self._mapped, self._changed_dates)
        if self._mode == "cancelled":
            event = event._replace(is_cancelled=True)
        return event

    def _was_sought(self, zone: str) -> bool:
        """Return whether the definition of a zone was looked for behind its events, or cannot be kept."""
        return f"{_SOUGHT}{excerpt(zone)}" in self._definitions or not self._has_room

    def _looked_ahead(self, zone: str, at: int) -> bool:
        """Keep the definitions behind an index up to that of a zone; False while more must be seen."""
        window, start = self._window, None
        for edge in _EDGE.finditer(window.text, at, at + limits.RECORD_CHARACTERS):
            if edge[3] or edge[2].upper() != "VTIMEZONE" or not self._is_whole(edge):
                continue
            if edge[1].upper() == "BEGIN":
                start = edge.start()
            elif start is not None:
                self._define(window.text[start : edge.end()])
                if zone in self._definitions:
                    return True
        if window.closed or len(window.text) - at >= limits.RECORD_CHARACTERS:
            return True
        window.want_more()
        return False

    def _changed_dates(self, uid: str) -> list[str]:
        """Return the dates of an event that entries before it replace or cancel."""
        return self._definitions.get(f"{_CHANGED}{uid}", "").split()

    def _moved_first(self, event: CalendarEvent) -> Problem | None:
        """Remember first dates and changed ones; return why an entry cannot be in, if it cannot.

        It cannot where it changes the first date of an event that has been read: that one is in by then.
        """
        if not event.uid:
            return None
        if event.replaces is None:
            if event.is_recurring:
                self._remember(f"{_FIRST}{event.uid}", str(event.members["DTSTART"]))
            return None
        self._remember(f"{_CHANGED}{event.uid}", event.replaces, adds=True)
        first = self._definitions.get(f"{_FIRST}{event.uid}")
        if first is None or not is_same_date(first, event.replaces):
            if not event.is_cancelled:
                self.notes.append("changed_occurrence")
            return None
        rule = "cancels_first" if event.is_cancelled else "changes_first"
        return problem(f"invalid_date.{rule}", "event_date", value=first)

    @property
    def _has_room(self) -> bool:
        return len(self._definitions) < MOST_ZONES + MOST_RECURRING

    def _remember(self, key: str, value: str, *, adds: bool = False) -> None:
        before = self._definitions.get(key)
        if before is not None and adds and len(before) < ZONE_CHARACTERS:
            self._definitions[key] = f"{before} {sendable(value)}"
        elif before is None and self._has_room:
            self._definitions[key] = sendable(value)

    def _define(self, text: str) -> None:
        """Keep the definition of a time zone."""
        whole = sendable(unfolded(text))
        name = _ZONE_NAME.search(whole)
        if name and len(whole) <= ZONE_CHARACTERS and self._has_room:
            zone = unescaped(name[1].strip().strip('"'))
            self._definitions.setdefault(zone, whole)
            self._zones.forget(zone)
