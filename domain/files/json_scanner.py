"""Finds the objects of a JSON file one by one, in one document or several that follow each other.

Source: RFC 8259; https://github.com/ndjson/ndjson-spec. Memory is bounded by the largest of them, whatever
the file.
"""

import json
import re
from typing import Any, Literal

from domain import limits
from domain.csv.text_window import TextWindow
from domain.files.event_members import EventMembers
from domain.files.found_record import FoundRecord, ScannerState
from domain.files.json_candidates import LayoutMode
from domain.files.json_layout import Layout, LayoutSearch
from domain.files.json_status import cancellation, is_postponed, is_recurring, may_say_status
from domain.files.json_values import MalformedError, ValueParser, after_commas, after_space
from domain.files.member_values import is_no_number
from domain.files.nested_members import PlainMembers
from domain.files.other_arrays import OtherArrays
from domain.files.passed_value import PassedValue
from domain.files.plain_objects import REGION_CHARACTERS, PlainRun, cut, last_boundary
from domain.json_text import unreadable_in_line, without_marks
from domain.problems import Problem, excerpt, problem

_Mode = LayoutMode | Literal["start", "array", "after", "tail"]
"""Where a scanner is: before a document, in one of its forms, behind it, or behind what is read of it."""

_ENDS: dict[_Mode, str] = {"array": "]", "inner": "]", "map": "}", "inner map": "}"}
_MAPS: tuple[_Mode, ...] = ("map", "inner map")
_BEGUN: tuple[_Mode, ...] = ("start", "inner", "inner map", "map", "one")
"""Modes in which another document goes on."""

_SHOWN = 20
"""Characters of a text that is there too much."""

_BETWEEN_DOCUMENTS = re.compile("[ \t\r\n,\x1e\ufeff]*")
"""A record separator stands before each text of a sequence, a byte order mark where files were joined.
Source: RFC 7464."""

_SEARCH_STEPS = 6
"""Halves of what was searched that are waited for: four times as much is there then."""

_OTHERS = 100
"""So many names of other arrays are kept."""

_ARRAY_OF_OBJECTS = re.compile(r"\[[ \t\r\n]*+\{")
_DELIMITER = re.compile(r"[ \t\r\n,\]}]")
_NEXT_LINE = re.compile(r"[\r\n]\s*(?=\{)")
_TOO_LONG = problem("too_long.object", limit=1)

_Kind = Literal["json", "ndjson"]


class JsonScanner:
    """Finds objects."""

    def __init__(self, encoding: str | None, state: ScannerState, events: EventMembers) -> None:
        """Go on at a state; `encoding` is the one that the uploader named."""
        self.fault: Problem | None = None
        self.ends_early = False
        self.notes: list[str] = []
        self._plain = PlainMembers()
        self._mode: _Mode = state.mode  # type: ignore[assignment] # it was one when it was dumped
        self._window = TextWindow(
            given=encoding,
            encoding=state.encoding,  # type: ignore[arg-type] # it was one when it was dumped
            offset=state.offset,
            line=state.line,
        )
        self._parser = ValueParser()
        self._events = events
        self._names: list[str] = []
        self._passed: PassedValue | None = None
        self._why_passed = _TOO_LONG
        self._beside: dict[str, str] = dict(state.notes)
        self._tail = OtherArrays(self._look_at)

    @property
    def fed(self) -> int:
        """The number of bytes fed since the beginning of the file."""
        return self._window.fed

    @property
    def is_hungry(self) -> bool:
        """Whether the scanner needs more bytes, or has ended."""
        return self.fault is not None or self._window.is_hungry

    @property
    def other_arrays(self) -> tuple[str, list[str]]:
        """The name of the array that is read, and those of the others that begin with an event."""
        before = self._beside.get("others", "")
        names = [*(before.split("\n") if before else []), *self._tail.names]
        return self._beside.get("array", ""), [*dict.fromkeys(names)]

    @property
    def dialect(self) -> dict[str, Any]:
        """The `format` and the `encoding`."""
        kind: _Kind = "ndjson" if self._mode == "lines" else "json"
        return {"format": kind, "encoding": self._window.encoding}

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._window.feed(chunk)

    def close(self) -> None:
        """Note that the file has ended."""
        self._window.close()
        self._check_end()

    def find(self, most: int) -> list[FoundRecord]:
        """Return the next objects; none when they need more bytes."""
        window = self._window
        window.gather()
        found: list[FoundRecord] = []
        while len(found) < most and self.fault is None:
            if self._mode == "start" and not self._began():
                break
            mode = self._mode
            record = self._rest_of(self._passed) if self._passed else self._next_record()
            if record is None and self._mode != mode and self._mode in _BEGUN:
                continue
            if record is None:
                break
            if record.left_out:
                self.notes.append(record.left_out)
                continue
            record.notes, self.notes = [*self.notes, *record.notes], []
            found.append(record)
        self._check_end()
        return found

    def find_plain(self) -> PlainRun | None:
        """Return the next objects as they are in the file, unpassed; None where they need care."""
        window = self._window
        window.gather()
        # The next record that is read carefully takes with it what was left out before it.
        if self.fault or self.notes or self._passed or self._mode not in ("array", "inner", "lines"):
            return None
        is_array = self._mode != "lines"
        start = (after_commas if is_array else after_space)(window.text, window.position)
        stop = min(len(window.text), start + REGION_CHARACTERS)
        end = last_boundary(window.text, start, stop, is_array=is_array)
        if end == start or not window.is_utf8:
            return None
        window.pass_to(start)
        region = window.bytes_up_to(end)
        return None if may_say_status(region) else cut(region, is_array=is_array)

    def pass_plain(self, run: PlainRun, count: int) -> tuple[list[int], list[int], ScannerState]:
        """Pass the first objects of a run; return their lines, their ends in the file and the state there."""
        window = self._window
        first, before = window.line, window.offset
        passed = run.region[: run.ends[count - 1]].decode("utf-8", "surrogateescape")
        window.pass_to(window.position + len(passed))
        lines = [first + line for line in run.lines[:count]]
        return lines, [before + end for end in run.ends[:count]], self._resume()

    def record_of(self, piece: bytes) -> FoundRecord:
        """Return an object of a run, read the careful way; it stands nowhere."""
        self._parser.refused = []
        text = piece.decode("utf-8", "surrogateescape")
        value, _ = self._parser.parse(text, 0)
        members = without_marks(text, value) if "\\u" in text else value
        notes = _notes_of(members)
        return FoundRecord(0, 0, self._plain.read(members), self._parser.refused, ScannerState(), notes)

    def _resume(self) -> ScannerState:
        window = self._window
        encoding = window.encoding if window.offset else None
        return ScannerState(window.offset, window.line, encoding, self._mode, self._beside)

    def _began(self) -> bool:
        """Find out which shape a document has; False while more must be seen."""
        window = self._window
        start = _first_match(_BETWEEN_DOCUMENTS, window.text, window.position)
        if start == len(window.text):
            window.pass_to(start)
            return False
        if window.text[start] == "[":
            return self._began_array(start)
        search = LayoutSearch(self._parser, self._events, window.text, window.position, closed=window.closed)
        layout = search.layout(start)
        if layout is None:
            # Each time it is searched from its beginning: seldom, and in larger steps.
            window.want_more(_SEARCH_STEPS * (len(window.text) - window.position))
        elif isinstance(layout, Problem):
            self.fault = layout
        else:
            self._mode = layout.mode
            self._note_beside(layout.beside)
            window.pass_to(layout.start)
            return True
        return False

    def _began_array(self, start: int) -> bool:
        """Pass the bracket of an array; one of lists is a table, whose rows have no names."""
        window = self._window
        inner = after_space(window.text, start + 1)
        if inner == len(window.text) and not window.closed:
            window.want_more()
            return False
        if window.text[inner : inner + 1] == "[":
            self.fault = problem("invalid_json.table")
            return False
        window.pass_to(start + 1)
        self._mode = "array"
        self._note_beside({})
        return True

    def _note_beside(self, beside: dict[str, str]) -> None:
        """Keep what is told of a document, and what was told of those before it."""
        read, names = self.other_arrays
        names += beside.get("others", "").split("\n") if "others" in beside else []
        array = beside.get("array", read)
        others = "\n".join([*dict.fromkeys(names)][:_OTHERS])
        self._beside = ({"array": array} if array else {}) | ({"others": others} if others else {})
        self._tail.names = []

    def _look_at(self, at: int, name: str | None) -> tuple[bool, int] | None:
        """Return whether the value at an index has events, and its end; None while that is to come."""
        try:
            value, end = self._parser.parse(self._window.text, at)
        except MalformedError as error:
            if error.may_be_cut:
                return None
            raise ValueError("no JSON") from error
        return self._events.has_events(value, name), end

    def _next_start(self) -> int | None:
        """Return where the next value begins; None at an end, or while that is to come."""
        window = self._window
        if self._mode in ("after", "tail"):
            self._pass_rest()
            return None
        if self._mode == "lines":
            start = _first_match(_BETWEEN_DOCUMENTS, window.text, window.position)
        else:
            start = after_commas(window.text, window.position)
        if start == len(window.text):
            window.pass_to(start)
            return None
        if window.text[start] == _ENDS.get(self._mode):
            window.pass_to(start + 1)
            self._mode = "after" if self._mode in ("array", "map") else "tail"
            self._pass_rest()
            return None
        return self._value_start(start) if self._mode in _MAPS else start

    def _value_start(self, start: int) -> int | None:
        """Return where the value of the member at an index begins; None while that is to come."""
        text = self._window.text
        try:
            at = after_space(text, self._parser.parse(text, start)[1])
        except MalformedError as error:
            self._malformed(start, error)
            return None
        at = after_space(text, at + (text[at : at + 1] == ":"))
        if at < len(text):
            return at
        self._window.want_more()
        return None

    def _pass_rest(self) -> None:
        """Pass what follows the array: other members of the object that holds it, then another document."""
        window = self._window
        if self._mode == "tail":
            self._tail.pass_in(window)
            if not self._tail.has_ended:
                return
        else:
            window.pass_to(_first_match(_BETWEEN_DOCUMENTS, window.text, window.position))
        rest = window.text[window.position : window.position + _SHOWN]
        if rest.startswith(("[", "{")):
            self._mode = "start"
        elif rest.startswith('"') and self._mode == "tail" and window.closed:
            # The file is cut, behind all that is read.
            window.pass_to(len(window.text))
        elif rest and len(rest) < _SHOWN and not window.closed:
            window.want_more()
        elif rest:
            self.fault = problem("invalid_json.after_end", value=excerpt(rest), line=window.line)

    def _next_record(self) -> FoundRecord | None:
        start = self._next_start()
        if start is None or (self._mode == "lines" and self._is_other_array(start)):
            return None
        return self._record(start)

    def _record(self, start: int) -> FoundRecord | None:
        """Return the record that begins at an index, or None while its end is to come."""
        window = self._window
        self._parser.refused = []
        try:
            value, end = self._parser.parse(window.text, start)
        except MalformedError as error:
            return self._malformed(start, error)
        if self._mode == "lines" and self._is_other_layout(start, value):
            return None
        if not isinstance(value, dict):
            if not (window.closed or _DELIMITER.search(window.text, end)):
                window.want_more()  # The digits of a number may go on.
                return None
            problems = self._parser.refused if is_no_number(value) else [_no_object(value)]
            return self._found(start, end, {}, problems)
        if end - start > limits.RECORD_CHARACTERS:
            return self._found(start, end, {}, [_TOO_LONG])
        if window.text.find("\\u", start, end) >= 0:
            value = without_marks(window.text[start:end], value)
        return self._found(start, end, value, self._parser.refused)

    def _is_other_array(self, start: int) -> bool:
        """Return whether an array of objects begins at an index, behind or between lines: a new document."""
        window = self._window
        if not _ARRAY_OF_OBJECTS.match(window.text, start):
            return False
        window.pass_to(start)
        self._mode = "start"
        return True

    def is_document(self, piece: bytes) -> bool:
        """Return whether an object of a run is not one of its records, but a document with events in it."""
        if self._mode != "lines":
            return False
        text = piece.decode("utf-8", "surrogateescape")
        return self._layout_in(text, 0, ValueParser().parse(text, 0)[0]) is not None

    def _is_other_layout(self, start: int, value: Any) -> bool:
        """Return whether the object at an index, among lines, is a document with events; begin it there."""
        layout = self._layout_in(self._window.text, start, value)
        if layout is None:
            return False
        self._window.pass_to(layout.start)
        self._mode = layout.mode
        self._note_beside(layout.beside)
        return True

    def _layout_in(self, text: str, start: int, value: Any) -> Layout | None:
        """Return where the events are in an object that is none itself."""
        # Most records have the names of the one before.
        if type(value) is not dict or not _has_objects(value) or [*value] == self._names:
            return None
        # One with a title or a date of its own is a record, if a faulty one, whatever is nested in it.
        is_event = self._events.fields(value).reads
        if is_event or not self._events.told(value).isdisjoint({"title", "event_date"}):
            self._names = [*value]
            return None
        # What the record itself refuses is not noted again.
        search = LayoutSearch(ValueParser(), self._events, text, start, closed=True)
        layout = search.layout(start)
        return layout if isinstance(layout, Layout) and layout.mode != "lines" else None

    def _found(self, start: int, end: int, members: dict[str, Any], problems: list[Problem]) -> FoundRecord:
        window = self._window
        if start > window.position:
            window.pass_to(start)
        line = window.line
        window.pass_to(end)
        self._mode = "tail" if self._mode == "one" else self._mode
        plain = self._plain.read(members)
        resume, notes, left_out = self._resume(), _notes_of(members), cancellation(members)
        return FoundRecord(line, window.offset, plain, problems, resume, notes, left_out)

    def _malformed(self, start: int, error: MalformedError) -> FoundRecord | None:
        """Refuse a line that is not JSON; end an array there, since its next item cannot be found."""
        window = self._window
        is_long = len(window.text) - start > limits.RECORD_CHARACTERS
        if is_long and error.may_be_cut and not window.closed:
            return self._passed_from(start, _TOO_LONG)
        if isinstance(error.why, RecursionError):
            return self._passed_from(start, self._problem(start, start, error))
        if error.may_be_cut and not window.closed:
            window.want_more()
            return None
        if self._mode != "lines":
            self.fault = self._problem(start, len(window.text), error)
            return None
        after = _NEXT_LINE.search(window.text, max(start + 1, error.position - 1))
        if after is None and not window.closed and not is_long:
            window.want_more()
            return None
        end = after.end() if after else len(window.text)
        return self._found(start, end, {}, [self._problem(start, end, error)])

    def _passed_from(self, start: int, why: Problem) -> FoundRecord | None:
        """Pass the object that begins at an index without keeping it."""
        window = self._window
        window.pass_to(start)
        self._passed = PassedValue(window.line, is_line=self._mode == "lines")
        self._why_passed = why
        return self._rest_of(self._passed)

    def _rest_of(self, passed: PassedValue) -> FoundRecord | None:
        """Pass on to the end of an object; return it as refused, or None while its end is to come."""
        window = self._window
        end = passed.pass_in(window.text, window.position)
        window.pass_to(len(window.text) if window.closed and not passed.has_ended else end)
        if not passed.has_ended:
            if window.position < len(window.text):
                window.want_more()
            return None
        self._passed = None
        return FoundRecord(passed.line, window.offset, {}, [self._why_passed], self._resume())

    def _problem(self, start: int, end: int, error: MalformedError) -> Problem:
        """Return what is wrong with the text up to `end`."""
        window = self._window
        line = window.after(min(error.position, len(window.text)))[1]
        if window.closed and error.is_cut:
            self.ends_early = True
            return problem("invalid_json.cut", line=window.after(start)[1])
        around, why = _around(window.text, start, error)
        shown = window.text[start : min(end, start + 80)].rstrip()
        return unreadable_in_line(around, why, line, value=excerpt(shown))

    def _check_end(self) -> None:
        """Report what is missing at the end of the file."""
        if self.fault or not (self._window.closed and self._window.is_hungry):
            return
        if self._mode == "start":
            self.fault = problem("empty_file.json")
        elif self._passed:
            self.ends_early = True
            self.fault = problem("invalid_json.cut", line=self._passed.line)
        elif self._mode in _ENDS:
            self.ends_early = True
            self.fault = problem("invalid_json.ends_early")


def _no_object(value: Any) -> Problem:
    return problem("invalid_type.item", value=excerpt(value))


def _has_objects(members: dict[str, Any]) -> bool:
    return any(type(value) is dict or (type(value) is list and value) for value in members.values())


def _notes_of(members: dict[str, Any]) -> list[str]:
    notes = ["recurring_event"] if is_recurring(members) else []
    return [*notes, "postponed_event"] if is_postponed(members) else notes


def _around(text: str, start: int, error: MalformedError) -> tuple[str, Exception]:
    """Return the text around what is wrong, and the error with its place in the line."""
    at = error.position
    line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    around = text[max(start, line_start, at - 200) : at + 40]
    message = error.why.msg if isinstance(error.why, json.JSONDecodeError) else ""
    why = json.JSONDecodeError(message, around, max(0, at - line_start)) if message else error.why
    return around, why


def _first_match(pattern: re.Pattern[str], text: str, at: int) -> int:
    return pattern.match(text, at).end()  # type: ignore[union-attr] # matches anything
