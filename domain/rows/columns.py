"""Matches columns with fields: by the uploader's mapping, by name, and by values."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from difflib import get_close_matches

from msgspec import Struct, field
from msgspec.structs import replace

from domain import limits
from domain.problems import Problem, excerpt, problem
from domain.rows.looks import (
    column_of,
    ends_with_offset,
    is_date,
    is_half_of_day,
    is_moment,
    is_of_24_hours,
    is_whole_hour,
    may_be,
    mostly,
    stays_possible,
    without_totals,
)
from domain.rows.missing_columns import missing_columns
from domain.rows.names import (
    EITHER,
    LOCATION_NAME,
    Meaning,
    column_key,
    meaning,
    plain_key,
    without_event,
)
from domain.rows.zone_names import is_of_another_zone

MAX_COLUMNS = 1000
"""Columns that have a name."""

REQUIRED = limits.REQUIRED
FLAT = (
    "location_name",
    "capacity",
    "venue_type",
    "is_accessible",
    "address",
    "past_events",
    "manually_edited",
)
FIELDS = (
    "title",
    "description",
    "event_date",
    "event_time",
    "city",
    "participants",
    "local_info",
    *(f"local_info.{name}" for name in FLAT),
    "id",
)
"""What a column can be, by the names that `mapping`, `defaults` and `values` use."""

LINE_COLUMN = "_line"
"""Of a rejected file: the line of each row in the file that it comes from."""

RECORD_COLUMN = "_record"
"""Likewise, the number of the record, where a line may have several."""

ERRORS_COLUMN = "_errors"

EXTRA_COLUMN = "_extra_cells"
"""Of a rejected file in JSON: the cells of a row beyond its columns, for which it was rejected."""

OWN_COLUMNS = (LINE_COLUMN, RECORD_COLUMN, ERRORS_COLUMN)
"""What a rejected file adds; skipped on the way back in."""

Mapped = Mapping[str, str | None]
"""Field -> name of its column, `#3` for the third, None for no column."""

_POSITION = re.compile(r"#([0-9]{1,5})")
_OWN_KEYS = tuple(column_key(name) for name in OWN_COLUMNS)
_NAMES_KEPT = 64
_MAPPED = 4
"""The rank of a column that the uploader chose: above that of every name."""
_PARTS_OF_TIME = frozenset(["am_pm", "ampm", "meridiem", "minute", "minutes", "minuto", "minutos"])
# Of people, too, unless the times are whole hours.
_MINUTES = frozenset(["min", "mins"])
# AM is Amazonas, too.
_OF_STATES = frozenset(["uf", "estado", "state", "sigla_uf", "uf_do_evento", "estado_do_evento", "provincia"])
_OF_TIME = ("event_date", "event_time")
_STARTS = (Meaning("event_date", 1), Meaning("event_date", 2))


class Columns(Struct, frozen=True):
    """How the cells of a row become fields.

    Attributes:
        names: the header's cells up to the last one with a name; "" for one without.
        index: field -> index of its column; `EITHER` may be among the fields.
        least: cells that a row must have: up to the last column with a name.
        most: cells that a row may have, with the nameless columns at the end.
        defaults: field -> text for cells that are empty or absent.
        ignored: indexes of the columns with a name that are no field.
        has_header: False where the names are only the places of the columns: `#1`, `#2`.
    """

    names: tuple[str, ...]
    index: dict[str, int]
    least: int = 0
    most: int = 0
    defaults: dict[str, str] = field(default_factory=dict)
    ignored: tuple[int, ...] = ()
    has_header: bool = True

    @property
    def width(self) -> int:
        """The number of columns that are read."""
        return len(self.names)

    def described(self) -> list[dict[str, object]]:
        """Return each column's name and field (None: not used), as reported to the uploader."""
        fields = {column: name for name, column in self.index.items()}
        return [{"name": name, "field": fields.get(i)} for i, name in enumerate(self.names)]

    def small(self) -> "Columns":
        """Return these columns as a checkpoint keeps them: of many, only those that are used have names."""
        # Of a rejected file all are needed, to tell an unchanged row.
        if len(self.names) <= _NAMES_KEPT or any(map(is_own_column, self.names)):
            return self
        used = set(self.index.values())
        names = tuple(name if i in used else "" for i, name in enumerate(self.names))
        return replace(self, names=names, ignored=self.ignored[:_NAMES_KEPT])


def unknown_fields(mapping: Mapping[str, object] | None, option: str) -> list[Problem]:
    """Return a problem for each key of an option that is not a field."""
    wrong = [name for name in mapping or () if name not in FIELDS]
    return [_unknown_field(name, option) for name in wrong]


def _unknown_field(name: str, option: str) -> Problem:
    shown = excerpt(name)
    near = get_close_matches(shown, FIELDS, n=1)
    suggestion = near[0] if near else None
    return problem("invalid_option.field", option, value=shown, suggestion=suggestion, known=tuple(FIELDS))


def match_columns(
    names: Sequence[str],
    mapping: Mapped | None = None,
    defaults: Mapping[str, str] | None = None,
    sample: Sequence[Sequence[str]] | None = None,
    timezone: tzinfo | None = None,
) -> Columns | Problem:
    """Return the column of each field, or the fault because of which nothing can be imported.

    `sample` holds rows from below the header, None where there are only members of JSON: a column whose
    name may mean something else is taken only if its cells bear the name out. One whose name states another
    time zone than `timezone`, in which times without an offset count, is taken only by the mapping.
    """
    most, names = len(names), _without_nameless_end(names, mapping or {})
    named = sum(1 for name in names if name.strip())
    if named > MAX_COLUMNS:
        return problem("too_many_columns", count=named, limit=MAX_COLUMNS)
    mapped = _mapped(names, mapping or {})
    if isinstance(mapped, Problem):
        return mapped
    defaults = {name: text for name, text in (defaults or {}).items() if text.strip()}
    rows, is_table = without_totals(sample or ()), sample is not None
    elsewhere, has_place = _elsewhere(names, timezone, rows), LOCATION_NAME in defaults
    index = _matched(names, mapping or {}, mapped, rows, elsewhere, has_place=has_place, is_table=is_table)
    if isinstance(index, Problem):
        return index
    missing = [name for name in REQUIRED if name not in index and name not in defaults]
    if missing:
        chosen = {**dict.fromkeys(mapping or {}), **mapped}
        return missing_columns(missing, names, rows if sample is not None else None, elsewhere, chosen)
    used = set(index.values())
    ignored = [
        i for i, name in enumerate(names) if name.strip() and i not in used and not is_own_column(name)
    ]
    least = max((at for at, name in enumerate(names, 1) if name.strip()), default=0)
    return Columns(tuple(map(excerpt, names)), index, least, most, defaults, tuple(ignored))


def needs_values(
    names: Sequence[str], mapping: Mapped | None = None, sample: Sequence[Sequence[str]] = ()
) -> bool:
    """Return whether a column's field depends on values below the sample, because its name is ambiguous."""
    mapped = _mapped(names, mapping or {})
    if isinstance(mapped, Problem):
        return False
    best = _by_name(names, mapping or {}, mapped)
    rows = without_totals(sample)
    if any(
        not all(stays_possible(target, column_of(rows, column)) for column in columns)
        for target, (rank, columns) in best.items()
        if rank <= 1 and target != "description"
    ):
        return True
    given = best.keys() | (mapping or {}).keys()
    if EITHER in best and {"local_info", LOCATION_NAME} & given:
        return True
    has_brackets = any("(" in names[at] or "[" in names[at] for at in best.get("event_date", (0, []))[1])
    if has_brackets or ("event_time" in best and "event_date" not in given):
        # Where brackets name a place, it matters whether the cells have times.
        return True
    used = {*mapped.values(), *(column for _, columns in best.values() for column in columns)}
    if "event_time" in best and any(
        at not in used and not is_own_column(name) for at, name in enumerate(names)
    ):
        # One of the others may say which half of the day is meant.
        return True
    return "event_time" not in best and bool(_starts(names, mapping or {}, mapped))


def columns_by_name(names: Sequence[str], mapping: Mapped | None = None) -> dict[str, list[int]]:
    """Return field -> columns with equally good names, for fields that the mapping does not set."""
    mapped = _mapped(names, mapping or {})
    taken = {} if isinstance(mapped, Problem) else mapped
    return {field: columns for field, (_, columns) in _by_name(names, mapping or {}, taken).items()}


def place_of(name: str) -> int | None:
    """Return the index of the column that a text names by its position, such as 2 of `#3`."""
    found = _POSITION.fullmatch(name.strip())
    return int(found[1]) - 1 if found and int(found[1]) else None


def is_own_column(name: str) -> bool:
    """Return whether a column is one that rejected.csv adds."""
    # `Extra cells` may be a column of anybody.
    return column_key(name) in _OWN_KEYS or name == EXTRA_COLUMN


def _without_nameless_end(names: Sequence[str], mapping: Mapped) -> Sequence[str]:
    """Return the names up to the last one, or to the last column that is mapped by its position."""
    places = (place_of(name) for name in mapping.values() if name)
    least = max((at + 1 for at in places if at is not None), default=0)
    width = len(names)
    while width > least and not names[width - 1].strip():
        width -= 1
    return names[:width]


def _mapped(names: Sequence[str], mapping: Mapped) -> dict[str, int] | Problem:
    """Find the columns that the uploader named: by position, by exact name, or else as names compare."""
    index: dict[str, int] = {}
    for target, name in mapping.items():
        if name is None:
            continue
        found = find_column(names, name)
        if not found:
            return _absent(name, names)
        if len(found) > 1:
            return duplicate_columns(target, [names[column] for column in found[:2]], found)
        index[target] = found[0]
    return index


def find_column(names: Sequence[str], name: str) -> list[int]:
    """Return the indexes of the columns that a text of the mapping names."""
    exact = [column for column, own in enumerate(names) if own == name and name.strip()]
    if exact:
        return exact
    if _POSITION.fullmatch(name.strip()):
        place = place_of(name)
        return [place] if place is not None and place < len(names) else []
    for key_of in (column_key, plain_key):
        key = key_of(name)
        if found := [column for column, own in enumerate(names) if key and key_of(own) == key]:
            return found
    return []


def _absent(name: str, names: Sequence[str]) -> Problem:
    near = get_close_matches(name, names, n=1)
    suggestion = near[0] if near else None
    return problem("missing_columns.mapping", value=excerpt(name), suggestion=suggestion)


def duplicate_columns(target: str, names: Sequence[str], places: Sequence[int]) -> Problem:
    """Return the fault of two columns that may be one field."""
    one, other = (f"{excerpt(names[at])} (#{places[at] + 1})".lstrip() for at in (0, 1))
    return problem(
        "duplicate_columns",
        value=excerpt(names[1]),
        one=one,
        other=other,
        target=target,
        place=places[0] + 1,
    )


def _elsewhere(names: Sequence[str], timezone: tzinfo | None, sample: Sequence[Sequence[str]]) -> set[int]:
    """Return the columns of dates and times whose names state another time zone.

    Not those whose cells say their offsets themselves, nor days alone: there nothing can be misread.
    """
    if timezone is None:
        return set()
    fields = [known.field if (known := meaning(name)) else "" for name in names]
    have_times = "event_time" in fields
    return {
        column
        for column, name in enumerate(names)
        if fields[column] in _OF_TIME
        and is_of_another_zone(name, timezone)
        and not _have_offsets(cells := column_of(sample, column))
        and (have_times or not cells or any(map(is_moment, cells)))
    }


def _have_offsets(cells: Sequence[str]) -> bool:
    return bool(cells) and all(ends_with_offset(cell) for cell in cells)


def _by_name(
    names: Sequence[str], mapping: Mapped, mapped: Mapping[str, int], elsewhere: Collection[int] = ()
) -> dict[str, tuple[int, list[int]]]:
    """Return for each open field the best rank among the names of columns, and the columns of that rank."""
    taken = {*mapped.values(), *elsewhere}
    best: dict[str, tuple[int, list[int]]] = {}
    for column, name in enumerate(names):
        known = meaning(name)
        if known is None or column in taken or known.field in mapping:
            continue
        rank, columns = best.get(known.field, (-1, []))
        if known.rank > rank:
            best[known.field] = (known.rank, [column])
        elif known.rank == rank:
            columns.append(column)
    return best


def _matched(
    names: Sequence[str],
    mapping: Mapped,
    mapped: dict[str, int],
    sample: Sequence[Sequence[str]],
    elsewhere: Collection[int],
    *,
    has_place: bool,
    is_table: bool,
) -> dict[str, int] | Problem:
    """Add the columns whose own names are fields, where the mapping left a field open."""
    index, ranks = dict(mapped), dict.fromkeys(mapped, _MAPPED)
    for target, (rank, columns) in _by_name(names, mapping, mapped, elsewhere).items():
        fitting = columns
        if rank <= 1:
            fitting = [column for column in columns if may_be(target, column_of(sample, column))]
        if is_table and len(fitting) > 1:
            # Records of JSON may lack one of two members; a row has the cells of both columns.
            fitting = _of_the_event(names, fitting)
        if len(fitting) > 1:
            return duplicate_columns(target, [names[column] for column in fitting], fitting)
        if fitting:
            index[target], ranks[target] = fitting[0], rank
    _add_start(index, names, mapping, sample, elsewhere)
    _take_times_as_dates(index, mapping, sample)
    if (part := _part_of_time(index, names, mapping, sample)) is not None:
        both = (index["event_time"], part)
        return duplicate_columns("event_time", [names[at] for at in both], both)
    if not (has_place or index.keys() & {EITHER, LOCATION_NAME, "local_info"}):
        # Without a name of the place there is no venue; an address alone must not refuse every row. Who
        # writes the names of our own fields, or maps a column, means it.
        flat = {f"local_info.{name}": (name, f"local_info_{name}") for name in FLAT}
        index = {
            name: at
            for name, at in index.items()
            if name not in flat or ranks[name] == _MAPPED or column_key(names[at]) in flat[name]
        }
    return _without_either(index, ranks, mapping, sample)


def _of_the_event(names: Sequence[str], columns: list[int]) -> list[int]:
    """Return, of columns with one field, that which says that it is of the event: `Sede;Sede do evento`.

    All of them, where the others have other names.
    """
    keys = {column: column_key(names[column]) for column in columns}
    found = [column for column, key in keys.items() if without_event(key) != key]
    return found if len(found) == 1 and len({*map(without_event, keys.values())}) == 1 else columns


def _starts(names: Sequence[str], mapping: Mapped, index: Mapping[str, int]) -> list[int]:
    """Return the free columns that are named as a start, which may hold dates or times."""
    if "event_time" in mapping or "event_time" in index:
        return []
    used = set(index.values())
    known = ((column, meaning(name)) for column, name in enumerate(names) if column not in used)
    return [column for column, found in known if found in _STARTS]


def _add_start(
    index: dict[str, int],
    names: Sequence[str],
    mapping: Mapped,
    sample: Sequence[Sequence[str]],
    elsewhere: Collection[int],
) -> None:
    """Take a column of starts next to the date as the time, where it holds times: `Data;Início;Fim`.

    Or moments: one of another day than the date is refused then, and not passed over.
    """
    starts = [at for at in _starts(names, mapping, index) if at not in elsewhere]
    times = [at for at in starts if mostly(is_moment, column_of(sample, at))]
    if len(times) == 1 and "event_date" in index:
        index["event_time"] = times[0]


def _part_of_time(
    index: Mapping[str, int], names: Sequence[str], mapping: Mapped, sample: Sequence[Sequence[str]]
) -> int | None:
    """Return a column that the times are not whole without: minutes, or AM and PM, by its name or cells."""
    if "event_time" not in index or "event_time" in mapping:
        return None
    times, used = column_of(sample, index["event_time"]), set(index.values())
    keys = {at: column_key(name) for at, name in enumerate(names) if at not in used}
    found = (
        at
        for at, key in keys.items()
        if key in _PARTS_OF_TIME
        or (key in _MINUTES and mostly(is_whole_hour, times))
        or (
            key not in _OF_STATES
            and mostly(is_half_of_day, column_of(sample, at))
            and not any(map(is_of_24_hours, times))
        )
    )
    return next(found, None)


def _take_times_as_dates(index: dict[str, int], mapping: Mapped, sample: Sequence[Sequence[str]]) -> None:
    """Take a column of times as the dates, where it holds dates and no other does: `start_time`."""
    if "event_date" in index or "event_time" not in index or mapping.keys() & {"event_date", "event_time"}:
        return
    if mostly(is_date, column_of(sample, index["event_time"])):
        index["event_date"] = index.pop("event_time")


def _without_either(
    index: dict[str, int], ranks: Mapping[str, int], mapping: Mapped, sample: Sequence[Sequence[str]]
) -> dict[str, int]:
    """Decide what a column `local` is, where the other columns or the mapping show it.

    It is not used where it could only be what its cells are not: names of places, or JSON.
    """
    if EITHER not in index:
        return index
    if LOCATION_NAME in index and ranks[LOCATION_NAME] < 3:
        del index[LOCATION_NAME]
    column = index.pop(EITHER)
    open_fields = [
        name for name in ("local_info", LOCATION_NAME) if name not in index and name not in mapping
    ]
    if len(open_fields) == 2:
        return index | {EITHER: column}
    cells = column_of(sample, column)
    fitting = [
        name for name in open_fields if not cells or may_be("local_info", cells) == (name == "local_info")
    ]
    return index | dict.fromkeys(fitting, column)
