"""Finds the objects of a JSON file one by one: in an array, in an object with an array, or one per line.

Source: RFC 8259; https://github.com/ndjson/ndjson-spec. The reader of the standard library finds the
end of each object, so that memory is bounded by the largest of them, whatever the file.
"""

import json
import re
from collections import Counter
from math import isinf
from typing import Any, Literal

from domain.csv.text_window import TextWindow
from domain.files.extended_json import plain_value
from domain.files.found_record import FoundRecord, ScannerState
from domain.files.json_status import cancellation, is_postponed, is_recurring, may_say_status
from domain.files.nested_members import PlainMembers, unwrapped
from domain.files.other_arrays import OtherArrays
from domain.files.passed_value import PassedValue
from domain.files.plain_objects import REGION_CHARACTERS, PlainRun, cut, last_boundary
from domain.json_text import json_integer, unreadable_in_line, without_marks
from domain.problems import Problem, excerpt, problem
from domain.rows.names import meaning

RECORD_CHARACTERS = 1024 * 1024
ARRAY_NAMES = ("items", "events")
"""Under one of these names an object may hold the array."""

OTHER_ARRAY_NAMES = ("eventos", "data", "results", "records", "value", "rows", "@graph")
"""Likewise, where the object is not an event itself. Sources: Facebook's Graph API, Django REST framework,
Airtable, OData 4, JSON-LD."""

COMMON_ARRAY_NAMES = ("features", "edges", "nodes", "hits", "docs", "content", "objects")
"""Likewise, where moreover the first of the array is an event, or holds one: events have such arrays, too.
Sources: GeoJSON and ArcGIS, GraphQL, Elasticsearch and Algolia, Solr, Spring Data, Tastypie."""

HOLDER_NAMES = ("_embedded", "data", "response", "result", "d", "hits", "events", "eventos")
"""Under one of these names an object may hold the object with the array. Sources: HAL (Ticketmaster),
GraphQL, OData 2, Solr, Elasticsearch."""

_CONTRACT_NAMES = (*ARRAY_NAMES, "eventos")
"""Of arrays that do not read as events, one of these names counts."""

_ENDS = {"array": "]", "inner": "]", "map": "}", "inner map": "}"}
_MAPS = ("map", "inner map")

_SHOWN = 20
"""Characters of a text that is there too much."""

_HOLDERS = 3
"""So many of them may be one in the other."""

_SPACE = re.compile("[ \t\r\n]*")
_SPACE_AND_COMMAS = re.compile("[ \t\r\n,]*")
_FIRST = re.compile("[ \t\r\n\x1e\ufeff]*")
_BETWEEN_LINES = re.compile("[ \t\r\n\x1e]*")
"""A record separator stands before each line of a sequence. Source: RFC 7464."""

_DELIMITER = re.compile(r"[ \t\r\n,\]}]")
_NEXT_LINE = re.compile(r"[\r\n]\s*(?=\{)")
_CUT_WITHIN = 12
"""So near to the end of the text, a fault may be that of a word that is cut."""

_TOO_LONG = problem("too_long.object", limit=1)

_Kind = Literal["json", "ndjson"]


class _MalformedError(Exception):
    """The text at `position` is not JSON.

    Attributes:
        may_be_cut: more of the text may mend that.
        is_cut: the text ends there, or in a string.
    """

    def __init__(self, text: str, position: int, why: Exception) -> None:
        super().__init__(str(why))
        self.position = position
        self.why = why
        is_open = isinstance(why, json.JSONDecodeError) and why.msg.startswith("Unterminated string")
        is_deep = isinstance(why, RecursionError)
        self.may_be_cut = is_open or (not is_deep and position >= len(text) - _CUT_WITHIN)
        self.is_cut = is_open or (not is_deep and not text[position:].strip())


class JsonScanner:
    """Finds objects.

    Modes: `start`; `array`, `inner` (one in an object), `map` and `inner map` (members of an object), `one`
    (a single object in another), `lines`; then `after`, or `tail` within an object.
    """

    def __init__(self, encoding: str | None, state: ScannerState) -> None:
        """Go on at a state; `encoding` is the one that the uploader named."""
        self.fault: Problem | None = None
        self.ends_early = False
        self.notes: list[str] = []
        self._plain = PlainMembers()
        self._mode = state.mode
        self._window = TextWindow(
            given=encoding,
            encoding=state.encoding,  # type: ignore[arg-type] # it was one when it was dumped
            offset=state.offset,
            line=state.line,
        )
        self._refused: list[Problem] = []
        self._passed: PassedValue | None = None
        self._why_passed = _TOO_LONG
        self._empty = self._likely = self._single = -1
        self._likely_is_named = False
        self._shape = "inner"
        self._beside: dict[str, str] = dict(state.notes)
        self._others: dict[int, str] = {}
        self._tail = OtherArrays(self._reads_as_event_at)
        decoder = json.JSONDecoder(
            object_pairs_hook=self._members,
            parse_int=json_integer,
            parse_float=_float,
            parse_constant=self._constant,
        )
        self._scan = decoder.raw_decode

    @property
    def fed(self) -> int:
        """The number of bytes fed since the beginning of the file."""
        return self._window.fed

    @property
    def is_hungry(self) -> bool:
        """Whether the scanner needs more bytes, or has ended."""
        return self.fault is not None or self._mode == "end" or self._window.is_hungry

    @property
    def other_arrays(self) -> tuple[str, list[str]]:
        """The name of the array that is read, and those of the others that begin with an event."""
        before = self._beside.get("others", "")
        return self._beside.get("array", ""), [*(before.split("\n") if before else []), *self._tail.names]

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
        if self._mode == "start" and not self._began():
            return found
        while len(found) < most and self.fault is None:
            record = self._rest_of(self._passed) if self._passed else self._next_record()
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
        blank = _SPACE_AND_COMMAS if is_array else _SPACE
        start = _first_match(blank, window.text, window.position)
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
        self._refused = []
        text = piece.decode("utf-8", "surrogateescape")
        value, _ = self._value(text, 0)
        members = without_marks(text, value) if "\\u" in text else value
        notes = _notes_of(members)
        return FoundRecord(0, 0, self._plain.read(members), self._refused, ScannerState(), notes)

    def _resume(self) -> ScannerState:
        window = self._window
        encoding = window.encoding if window.offset else None
        return ScannerState(window.offset, window.line, encoding, self._mode, self._beside)

    def _began(self) -> bool:
        """Find out which shape the file has; False while more must be seen."""
        window = self._window
        start = _first_match(_FIRST, window.text, window.position)
        if start == len(window.text):
            window.pass_to(start)
            return False
        if window.text[start] == "[":
            window.pass_to(start + 1)
            self._mode = "array"
            return True
        array = self._inner_array(start)
        if array is None:
            return False
        self._mode = "lines" if array < 0 else self._shape
        window.pass_to(array if array >= 0 else start)
        return True

    def _inner_array(self, start: int) -> int | None:
        """Return the index in the array that an object holds, -1 where it holds none, None for now.

        Or in the object whose members are the events, or that of a single event: `_shape` says which.
        """
        self._empty = self._likely = self._single = -1
        self._shape, self._beside, self._others = "inner", {}, {}
        try:
            found, at = self._array_in(start, _HOLDERS) if self._map_of_all(start) < 0 else (start + 1, start)
        except _MalformedError as error:
            return self._undecided() if error.may_be_cut else self._second_best
        if found < 0 and not (at < len(self._window.text) or self._window.closed):
            return self._undecided()
        array = self._second_best if found < 0 else found
        if array < 0 and self._single >= 0 and self._is_last(at):
            if not self._window.closed:
                return self._undecided()
            self._shape, array = "one", self._single
        # Those that are behind it are met when it has ended.
        before = [name for place, name in self._others.items() if place < array]
        if before:
            self._beside["others"] = "\n".join(before)
        return array

    @property
    def _second_best(self) -> int:
        """The array that does not read as events, where no other does; else one without objects."""
        return self._likely if self._likely >= 0 else self._empty

    def _is_last(self, at: int) -> bool:
        """Return whether nothing is behind the object that is searched up to an index, as far as it came."""
        text = self._window.text
        return len(text) <= RECORD_CHARACTERS and _first_match(_SPACE, text, at + 1) == len(text)

    def _array_in(self, start: int, holders: int) -> tuple[int, int]:
        """Return the index in the array of an object, -1 where it holds none, and where the search ended.

        Up to `holders` objects may hold one the other, and the innermost the array. An array without objects,
        or whose first does not read as an event, is only noted: another may have events.
        """
        text = self._window.text
        told: set[str] = set()
        before, singles = self._empty, list[int]()
        at = _first_match(_SPACE, text, start + 1)
        while text[at : at + 1] == '"':
            name, at = self._value(text, at)
            at = _first_match(_SPACE, text, at)
            if text[at : at + 1] != ":":
                break
            at = _first_match(_SPACE, text, at + 1)
            inner = _first_match(_SPACE, text, at + 1) if text[at : at + 1] == "[" else len(text)
            if text[inner : inner + 1] in ("{", "]") and self._takes(name, at, inner, told):
                return at + 1, at
            if holders and name in HOLDER_NAMES and text[at : at + 1] == "{" and not _is_event(told):
                array = self._map_at(at, "inner map")
                array = self._array_in(at, holders - 1)[0] if array < 0 else array
                if array >= 0:
                    return array, at
            value, end = self._value(text, at)
            known = meaning(name)
            if type(value) is dict and _is_event(_meanings(value)):
                singles += [at] if unwrapped({name: value}) is not value else []
            elif known and not (type(value) is dict and name in HOLDER_NAMES):
                told.add(known.field)
            at = _first_match(_SPACE_AND_COMMAS, text, end)
        if _is_event(told):
            self._empty = before
        elif len(singles) == 1 and self._single < 0:
            self._single = singles[0]
        return -1, at

    def _takes(self, name: str, at: int, inner: int, told: set[str]) -> bool:
        """Return whether an array at an index is that of the events; note one that may be, and others."""
        text = self._window.text
        may_hold = self._may_hold(name, inner, told)
        if text[inner] == "]":
            self._empty = at + 1 if may_hold and self._empty < 0 else self._empty
            return False
        is_first, begin = self._likely < 0, self._window.position
        # Whatever the chunks in which it comes, not more of a file is looked at.
        may_hold = may_hold and (is_first or inner - begin <= RECORD_CHARACTERS)
        if may_hold and (is_first or (name in _CONTRACT_NAMES and not self._likely_is_named)):
            self._likely, self._likely_is_named = at + 1, name in _CONTRACT_NAMES
            self._beside = {"array": name}
        end = self._end_of_event(inner)
        if end < 0 and may_hold and name in _CONTRACT_NAMES:
            # The first of its events may lack what it must have: it is refused, and not passed over.
            first, stop = self._value(text, inner)
            fields = _meanings(first) if type(first) is dict else set()
            end = stop if "event_date" in fields or ("title" in fields and name != "items") else -1
        if end < 0:
            return False
        if may_hold and (is_first or end - begin <= RECORD_CHARACTERS):
            self._beside = {"array": name}
            return True
        if self._is_whole_event(inner):
            self._others[at] = excerpt(name)
        return False

    def _end_of_event(self, at: int) -> int:
        """Return where the object at an index ends; -1 where it is no event, and holds none."""
        value, end = self._value(self._window.text, at)
        if type(value) is not dict:
            return -1
        event = unwrapped(value)
        return end if event is not value or _is_event(_meanings(event)) else -1

    def _is_whole_event(self, at: int) -> bool:
        """Return whether the object at an index has a place besides: news have a title and a date, too."""
        value, _ = self._value(self._window.text, at)
        told = _meanings(unwrapped(value)) if type(value) is dict else set()
        return _is_event(told) and not told <= _OF_NEWS

    def _reads_as_event_at(self, at: int) -> bool | None:
        """Return whether the object at an index is an event; None while its end is to come."""
        try:
            return self._is_whole_event(at)
        except _MalformedError as error:
            return None if error.may_be_cut else False

    def _map_of_all(self, start: int) -> int:
        """Return the same as `_map_at` of the whole file's object; -1 while its members are to come."""
        try:
            return self._map_at(start)
        except _MalformedError:
            return -1

    def _map_at(self, start: int, shape: str = "map") -> int:
        """Return the index of the first member of an object of events, by its first three members, or -1."""
        text, at = self._window.text, start + 1
        for count in range(3):
            at = _first_match(_SPACE_AND_COMMAS, text, at)
            if count == 2 and text[at : at + 1] == "}":
                break
            if at == len(text):
                raise _MalformedError(text, at, ValueError("cut"))
            if text[at : at + 1] != '"':
                return -1
            name, at = self._value(text, at)
            at = _first_match(_SPACE, text, _first_match(_SPACE, text, at) + 1)
            # Such keys are ids; a member that is a field is one of a record.
            if text[at : at + 1] != "{" or meaning(name):
                return -1
            value, at = self._value(text, at)
            if type(value) is not dict or not _is_event(_meanings(value)):
                return -1
        self._shape = shape
        return start + 1

    def _may_hold(self, name: str, inner: int, told: set[str]) -> bool:
        """Return whether an array may be that of the events.

        Args:
            name: its name.
            inner: where its first object begins, or where it ends.
            told: the meanings of the members before it.
        """
        text = self._window.text
        if name in ARRAY_NAMES:
            return True
        is_in_event = "title" in told if text[inner] == "]" else _is_event(told)
        if is_in_event:
            return False
        if name in COMMON_ARRAY_NAMES and text[inner] == "{":
            return self._end_of_event(inner) >= 0
        return name in (*OTHER_ARRAY_NAMES, *COMMON_ARRAY_NAMES)

    def _undecided(self) -> int | None:
        """Wait for more of the first object, up to the bound."""
        window = self._window
        if len(window.text) - window.position > RECORD_CHARACTERS:
            if self._second_best >= 0:
                return self._second_best
            self.fault = problem("invalid_json.no_array")
            return None
        if window.closed:
            return self._second_best
        window.want_more()
        return None

    def _next_start(self) -> int | None:
        """Return where the next value begins; None at an end, or while that is to come."""
        window = self._window
        if self._mode in ("after", "tail"):
            self._pass_rest()
            return None
        start = _first_match(
            _SPACE_AND_COMMAS if self._mode != "lines" else _BETWEEN_LINES, window.text, window.position
        )
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
            at = _first_match(_SPACE, text, self._value(text, start)[1])
        except _MalformedError as error:
            self._malformed(start, error)
            return None
        at = _first_match(_SPACE, text, at + (text[at : at + 1] == ":"))
        if at < len(text):
            return at
        self._window.want_more()
        return None

    def _pass_rest(self) -> None:
        """Pass what follows the array: nothing, or the other members of the object that holds it."""
        window = self._window
        if self._mode == "tail":
            self._tail.pass_in(window)
            self.fault = self._tail.fault
            return
        end = len(window.text)
        if self._mode == "after":
            end = _first_match(_SPACE, window.text, window.position)
            if end < len(window.text):
                if end + _SHOWN > len(window.text) and not window.closed:
                    window.want_more()
                    return
                shown = excerpt(window.text[end : end + _SHOWN])
                line = window.after(end)[1]
                self.fault = problem("invalid_json.after_end", value=shown, line=line)
                return
        window.pass_to(end)

    def _next_record(self) -> FoundRecord | None:
        start = self._next_start()
        return None if start is None else self._record(start)

    def _record(self, start: int) -> FoundRecord | None:
        """Return the record that begins at an index, or None while its end is to come."""
        window = self._window
        self._refused = []
        try:
            value, end = self._value(window.text, start)
        except _MalformedError as error:
            return self._malformed(start, error)
        if not isinstance(value, dict):
            if not (window.closed or _DELIMITER.search(window.text, end)):
                window.want_more()  # The digits of a number may go on.
                return None
            return self._found(start, end, {}, [problem("invalid_type.item", value=excerpt(value))])
        if end - start > RECORD_CHARACTERS:
            return self._found(start, end, {}, [_TOO_LONG])
        if window.text.find("\\u", start, end) >= 0:
            value = without_marks(window.text[start:end], value)
        return self._found(start, end, value, self._refused)

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

    def _malformed(self, start: int, error: _MalformedError) -> FoundRecord | None:
        """Refuse a line that is not JSON; end an array there, since its next item cannot be found."""
        window = self._window
        is_long = len(window.text) - start > RECORD_CHARACTERS
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

    def _problem(self, start: int, end: int, error: _MalformedError) -> Problem:
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

    def _value(self, text: str, at: int) -> tuple[Any, int]:
        try:
            value, end = self._scan(text, at)
        except json.JSONDecodeError as error:
            raise _MalformedError(text, error.pos, error) from None
        except RecursionError as error:
            raise _MalformedError(text, at, error) from None
        return value, end

    def _members(self, pairs: list[tuple[str, Any]]) -> Any:
        if len(pairs) == 1 and pairs[0][0].startswith("$"):
            return plain_value(*pairs[0])
        members = dict(pairs)
        if len(members) < len(pairs):
            again = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            self._refused.append(problem("duplicate_key", value=excerpt(again)))
        return members

    def _constant(self, word: str) -> None:
        self._refused.append(problem("invalid_json.constant", value=word))


def _float(text: str) -> float | str:
    """Return a number; as it is written, where it is larger than any that is kept."""
    value = float(text)
    return text if isinf(value) else value


def _notes_of(members: dict[str, Any]) -> list[str]:
    notes = ["recurring_event"] if is_recurring(members) else []
    return [*notes, "postponed_event"] if is_postponed(members) else notes


def _meanings(members: dict[str, Any]) -> set[str]:
    """Return the fields that members are."""
    known = (meaning(name) for name, value in members.items() if value is not None)
    return {one.field for one in known if one}


_WHEN = frozenset({"event_date", "event_time"})
_OF_NEWS = _WHEN | {"title", "description", "id"}


def _is_event(told: set[str]) -> bool:
    """Return whether an object with members of these meanings is an event itself."""
    return "title" in told and not told.isdisjoint(_WHEN)


def _around(text: str, start: int, error: _MalformedError) -> tuple[str, Exception]:
    """Return the text around what is wrong, and the error with its place in the line."""
    at = error.position
    line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    around = text[max(start, line_start, at - 200) : at + 40]
    message = error.why.msg if isinstance(error.why, json.JSONDecodeError) else ""
    why = json.JSONDecodeError(message, around, max(0, at - line_start)) if message else error.why
    return around, why


def _first_match(pattern: re.Pattern[str], text: str, at: int) -> int:
    return pattern.match(text, at).end()  # type: ignore[union-attr] # matches anything
