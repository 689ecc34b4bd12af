"""Reads rows from JSON: an array of objects, an object that holds such an array, or a sequence of either."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec.structs import replace

from domain.files.event_members import EventMembers
from domain.files.found_record import FoundRecord, Scanner, ScannerState
from domain.files.json_scanner import JsonScanner
from domain.files.member_values import is_no_number
from domain.files.nested_members import columns_of_parts
from domain.files.plain_objects import PlainObjects, PlainRun
from domain.files.record_reader import HEAD_RECORDS, MemberReader
from domain.files.shared_fields import SharedFields
from domain.problems import Problem, problem
from domain.rows.columns import Columns, columns_by_name, duplicate_columns
from domain.rows.names import LOCATION_NAME, column_key
from domain.rows.reader import BATCH_ROWS
from domain.rows.row_batch import RowBatch
from domain.rows.warnings import other_arrays

_DEEPER = (
    "; if the events are nested deeper in the file, send only their array, "
    "or put it into a member `items` or `events`"
)


_BESIDE_WRITTEN = frozenset({"date_gmt", "modified_gmt", "date_utc", "modified_utc"})
"""Beside one of these, `date` is when the record was written. Sources: the APIs of WordPress, and of The
Events Calendar."""

_OF_POSTS = frozenset({"slug", "guid", "acf", "featured_media"})
"""Likewise beside `modified` and one of these."""

_PUBLISHED = "publish"
"""Likewise beside this `status`, which no other program spells so."""

_ID, _WEB_ID = "id", "@id"


class JsonReader(MemberReader):
    """Reads one file of JSON: its first objects with care, and then what is plain in bulk."""

    _json: JsonScanner
    _plain: PlainObjects | None = None
    _shared: SharedFields | None = None
    _not_places: Sequence[int] = ()
    """The members that are named as a place, and had no value when another was taken."""

    def _make_scanner(self, state: ScannerState) -> Scanner:
        events = EventMembers(self._options.mapping, self._options.defaults)
        self._json = JsonScanner(self._options.encoding, state, events)
        return self._json

    def _mapping(self, names: Sequence[str]) -> dict[str, str | None]:
        given = super()._mapping(names)
        if "event_date" not in given and (written := self._when_written(names)):
            given |= _other_date([name for name in names if name != written], given)
        given |= self._id(names, given) | self._place(names, given)
        # Who wants no name of a place wants no venue, and the rest of it would refuse every row.
        has_venue = given.get(LOCATION_NAME, "") is not None
        parts = {
            field: name
            for field, name in columns_of_parts(names).items()
            if name not in given.values() and (has_venue or not field.startswith("local_info."))
        }
        return parts | given

    def _id(self, names: Sequence[str], given: Mapping[str, str | None]) -> dict[str, str | None]:
        """Return the member that is the id, or that none is; nothing where names decide, or it is asked for.

        Other programs add ids of their own, such as `_id` of a database, to a plain one; an `@id` is an
        address of the web. Of several without a plain one, none finds an event of ours: they are asked about
        only where the uploader wants rows to be matched by the id.
        """
        found = [names[at] for at in columns_by_name(names, given).get(_ID, [])]
        ids = [name for name in found if name != _WEB_ID]
        if len(ids) == len(found) < 2:
            return {}
        taken, plain = self._taken(_ID), [name for name in ids if name.lower() == _ID]
        if taken in ids:
            return {_ID: taken}
        best = [_ID] if _ID in ids else plain or ids
        if len(best) > 1 and _ID in (self._options.key or ()):
            return {}
        return {_ID: best[0] if len(best) == 1 else None}

    def _place(self, names: Sequence[str], given: Mapping[str, str | None]) -> dict[str, str | None]:
        """Return the one of several names of the place that the first records have a value of.

        The others are objects that name no place, such as coordinates, or empty; a later record in which one
        of them has a value ends the file.
        """
        found = [names[at] for at in columns_by_name(names, given).get(LOCATION_NAME, [])]
        if len(found) < 2:
            return {}
        if self._state.columns:
            told = [name for name in found if name == self._taken(LOCATION_NAME)]
        else:
            first = [record.members for record in islice(self._ahead, self._head)]
            told = [name for name in found if any(map(_has_value, (members.get(name) for members in first)))]
        return {LOCATION_NAME: told[0]} if len(told) == 1 else {}

    def _taken(self, field: str) -> str | None:
        """Return the member that was taken for a field, which stays whatever members come later."""
        columns = self._state.columns
        at = columns.index.get(field) if columns else None
        return None if at is None else self._state.names[at]

    def _when_written(self, names: Sequence[str]) -> str | None:
        """Return the `date` that says when a record was written, as others beside it show.

        One that was taken as the date of the event stays, whatever members come later; and so does one that
        was not.
        """
        keys = {column_key(name): name for name in names}
        written = keys.get("date")
        if written is None or self._taken("event_date") == written:
            return None
        is_known = self._state.columns is not None and written in self._state.names
        return written if is_known or self._is_of_posts(keys) else None

    def _is_of_posts(self, keys: Mapping[str, str]) -> bool:
        """Return whether records are a blog's, by their members, and the state of the first."""
        if not keys.keys().isdisjoint(_BESIDE_WRITTEN):
            return True
        if "modified" in keys and not keys.keys().isdisjoint(_OF_POSTS):
            return True
        first = islice(self._ahead, 1 if self._state.columns else self._head)
        return any(record.members.get(keys.get("status", "")) == _PUBLISHED for record in first)

    def _set_columns(self, columns: Columns) -> None:
        shared = SharedFields(self._state.names, columns.index, self._options.mapping or {})
        ignored = tuple(place for place in columns.ignored if place not in shared.places)
        super()._set_columns(replace(columns, ignored=ignored))
        self._shared = shared if shared.places else None
        self._members.share(shared)
        by_name = columns_by_name(self._state.names, self._options.mapping).get(LOCATION_NAME, [])
        used = {*columns.index.values(), *self.stand_ins}
        has_place = LOCATION_NAME in columns.index and len(by_name) > 1
        self._not_places = [at for at in by_name if at not in used] if has_place else []
        plain = PlainObjects(self._state.names, columns)
        self._plain = plain if plain.is_usable and not self._shared and not self._not_places else None

    @property
    def stand_ins(self) -> frozenset[int]:
        """The columns that are not a field's own, and are read where that one is empty."""
        return self._shared.places if self._shared else frozenset()

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """The warnings so far; at the end of the file also of other arrays of events."""
        found, (read, names) = super().warnings, self._json.other_arrays
        if self._ahead or not self._is_all or not names:
            return found
        return [*found, other_arrays(read, names)]

    def _is_new(self, record: FoundRecord) -> bool:
        return super()._is_new(record) or self._contradiction(record) is not None

    def _has_added(self, record: FoundRecord) -> bool:
        if not super()._has_added(record):
            return False
        self._fault = self._contradiction(record)
        if self._fault:
            self._show_ahead()
        return self._fault is None

    def _contradiction(self, record: FoundRecord) -> Problem | None:
        """Return the fault of a record in which two members of one field have values."""
        names, columns = self._state.names, self._state.columns
        for at in self._not_places if columns else ():
            if columns and _has_value(record.members.get(names[at])):
                two = sorted((columns.index[LOCATION_NAME], at))
                return duplicate_columns(LOCATION_NAME, [names[place] for place in two], two)
        return self._shared.fault(record.members) if self._shared else None

    def read_batch(self, *, max_rows: int = BATCH_ROWS) -> RowBatch:
        """Return the next rows; none when they need more bytes."""
        begun = self._order.settled and not self._ahead and self._state.record >= HEAD_RECORDS
        run = self._json.find_plain() if begun and self._plain and not self.fault else None
        batch = self._plain_rows(run, self._plain, max_rows) if run and self._plain else None
        return super().read_batch(max_rows=max_rows) if batch is None else batch

    def _plain_rows(self, run: PlainRun, plain: PlainObjects, max_rows: int) -> RowBatch | None:
        """Return the rows of objects up to one that has a new member; None where that is the first."""
        cells, odd = plain.read(run.pieces[:max_rows])
        records: dict[int, FoundRecord] = {}
        for at in sorted(odd):
            records[at] = self._json.record_of(run.pieces[at])
            if self._members.lacks_any_of(records[at]) or self._json.is_document(run.pieces[at]):
                del cells[at:]
                break
        if not cells:
            return None
        events, more, is_damaged = self._events(cells)
        lines, ends, resume = self._json.pass_plain(run, len(cells))
        rows = {}
        for at in sorted(more | {place for place in odd if place < len(cells)}):
            record = records.get(at) or self._json.record_of(run.pieces[at])
            record.line, record.end = lines[at], ends[at]
            cells[at] = self._members.cells(record)
            rows[at] = self._row(record, cells[at], self._state.record + at + 1)
            self._count_notes(record, rows[at])
        self._state.scanner = resume
        return self._batch(events, lines, ends, cells, rows, is_damaged=is_damaged or bool(rows))

    def _explained(self, fault: Problem) -> Problem:
        values = [value for record in self._ahead for value in record.members.values()]
        holds_more = any(isinstance(value, dict | list) and value for value in values)
        written = self._when_written(self._names)
        if (
            fault.code == "missing_columns"
            and written
            and (self._options.mapping or {}).get("event_date") is None
        ):
            missing = (fault.params or {}).get("fields", ())
            return problem("missing_columns.written", value=fault.value, fields=missing, column=written)
        if fault.code != "missing_columns" or not holds_more:
            return fault
        if self._options.mapping is None:
            fault = self._without_holders(fault)
        return replace(fault, message=fault.message + _DEEPER)

    def _without_holders(self, fault: Problem) -> Problem:
        """Return the fault as it is without members that are but objects and lists: they are no field."""
        told = {
            name
            for record in self._ahead
            for name, value in record.members.items()
            if value is not None and type(value) not in (dict, list)
        }
        found = self._matched([name for name in self._names if name in told])
        return found if isinstance(found, Problem) else fault


def _has_value(value: Any) -> bool:
    return value is not None and not is_no_number(value) and not (type(value) is str and not value.strip())


def _other_date(names: Sequence[str], mapping: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the one other member that is the date, or that none is; nothing where several may be."""
    found = columns_by_name(names, mapping).get("event_date", [])
    return {} if len(found) > 1 else {"event_date": names[found[0]] if found else None}
