"""Which column of a file is which field: by name, synonym, or the uploader's mapping."""

from collections.abc import Mapping
from difflib import get_close_matches

from msgspec import Struct, field

from domain.problems import Problem, excerpt
from domain.text import folded

MAX_COLUMNS = 64

REQUIRED = ("title", "event_date", "city")
FLAT = ("location_name", "capacity", "venue_type", "is_accessible", "address")
FIELDS = (
    "title",
    "description",
    "event_date",
    "city",
    "participants",
    "local_info",
    *(f"local_info.{name}" for name in FLAT),
)
"""What a column can be, by the names that `mapping` and `defaults` use."""

EITHER = "local"
"""A column of this name holds JSON, or the name of the place: each row's cell tells."""

OWN_COLUMNS = ("_line", "_errors")
"""What rejected.csv adds; skipped on the way back in."""

_NAMES: dict[str, str] = {name: name for name in FIELDS} | {
    "titulo": "title",
    "descricao": "description",
    "data": "event_date",
    "data_do_evento": "event_date",
    "cidade": "city",
    "participantes": "participants",
    "local": EITHER,
    "informacoes_do_local": "local_info",
    "location_name": "local_info.location_name",
    "nome_do_local": "local_info.location_name",
    "capacity": "local_info.capacity",
    "capacidade": "local_info.capacity",
    "venue_type": "local_info.venue_type",
    "tipo_de_local": "local_info.venue_type",
    "is_accessible": "local_info.is_accessible",
    "acessivel": "local_info.is_accessible",
    "address": "local_info.address",
    "endereco": "local_info.address",
}


class Columns(Struct, frozen=True):
    """How the cells of a row become fields.

    Attributes:
        names: the header's cells, as they came.
        index: field -> index of its column; `EITHER` may be among the fields.
        defaults: field -> text for cells that are empty or absent.
        ignored: names of columns that are no field.
    """

    names: tuple[str, ...]
    index: dict[str, int]
    defaults: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def described(self) -> list[dict[str, object]]:
        """Return each column's name and field (None: ignored), as reported to the uploader."""
        fields = {column: name for name, column in self.index.items()}
        return [{"name": excerpt(name), "field": fields.get(i)} for i, name in enumerate(self.names)]


def column_key(name: str) -> str:
    """Return the form in which column names are compared."""
    return "_".join(folded(name).replace("-", " ").replace("_", " ").split())


def known_columns(cells: list[str]) -> int:
    """Count the cells that name a field."""
    return len({_NAMES[key] for key in map(column_key, cells) if key in _NAMES})


def unknown_fields(mapping: Mapping[str, str] | None, option: str) -> list[Problem]:
    """Return a problem for each key of `mapping` or `defaults` that is no field."""
    wrong = [name for name in mapping or () if name not in FIELDS]
    return [_unknown_field(name, option) for name in wrong]


def _unknown_field(name: str, option: str) -> Problem:
    shown = excerpt(name)
    near = get_close_matches(shown, FIELDS, n=1)
    message = f"{shown} is not a field; these are: {', '.join(FIELDS)}"
    return Problem(option, "invalid_option", message, shown, near[0] if near else None)


def match_columns(
    names: list[str], mapping: Mapping[str, str] | None = None, defaults: Mapping[str, str] | None = None
) -> Columns | Problem:
    """Return which column is which field, or the fault for which nothing can be imported."""
    if len(names) > MAX_COLUMNS:
        return Problem(
            "", "too_many_columns", f"there are {len(names)} columns; at most {MAX_COLUMNS} are read"
        )
    mapped = _mapped(names, mapping or {})
    if isinstance(mapped, Problem):
        return mapped
    index = _matched(names, mapped)
    if isinstance(index, Problem):
        return index
    defaults = {name: text for name, text in (defaults or {}).items() if text.strip()}
    missing = [name for name in REQUIRED if name not in index and name not in defaults]
    if missing:
        return _missing(missing, names)
    used = set(index.values())
    ignored = [name for i, name in enumerate(names) if i not in used and not is_own_column(name)]
    return Columns(tuple(map(excerpt, names)), index, defaults, tuple(map(excerpt, ignored)))


_OWN_KEYS = tuple(column_key(name) for name in OWN_COLUMNS)


def is_own_column(name: str) -> bool:
    """Tell whether a column is one that rejected.csv adds."""
    return column_key(name) in _OWN_KEYS


def _mapped(names: list[str], mapping: Mapping[str, str]) -> dict[str, int] | Problem:
    """Find the columns that the uploader named, by their exact name or else as names compare."""
    keys = [column_key(name) for name in names]
    index: dict[str, int] = {}
    absent: list[str] = []
    for target, name in mapping.items():
        if name in names:
            index[target] = names.index(name)
        elif column_key(name) in keys:
            index[target] = keys.index(column_key(name))
        else:
            absent.append(name)
    if not absent:
        return index
    near = get_close_matches(absent[0], names, n=1)
    message = f"the file has no column {', '.join(map(excerpt, absent))}, which the mapping names"
    return Problem("", "missing_columns", message, excerpt(absent[0]), near[0] if near else None)


def _matched(names: list[str], mapped: dict[str, int]) -> dict[str, int] | Problem:
    """Add the columns whose own name says what they are, where the mapping left a field open."""
    index = dict(mapped)
    own = dict.fromkeys(mapped.values())
    for column, name in enumerate(names):
        target = _NAMES.get(column_key(name))
        if target is None or column in own or target in mapped:
            continue
        if target in index:
            shown = excerpt(name)
            message = f"the columns {excerpt(names[index[target]])} and {shown} are both {target}; keep one"
            return Problem("", "duplicate_columns", message, shown)
        index[target] = column
    return _without_either(index)


def _without_either(index: dict[str, int]) -> dict[str, int]:
    """Decide what a column `local` is, where the other columns tell."""
    if EITHER not in index:
        return index
    column = index.pop(EITHER)
    if "local_info" not in index and "local_info.location_name" not in index:
        return index | {EITHER: column}
    free = "local_info.location_name" if "local_info" in index else "local_info"
    return index if free in index else index | {free: column}


def _missing(missing: list[str], names: list[str]) -> Problem:
    """Say which columns lack, and what may be the reason."""
    message = f"the file has no column {', '.join(missing)}"
    first = names[0].lstrip() if names else ""
    if first.startswith(("{", "[")):
        return Problem(
            "", "missing_columns", f"{message}; it looks like JSON, not like a CSV", excerpt(first)
        )
    if first.startswith("<"):
        return Problem(
            "", "missing_columns", f"{message}; it looks like HTML, not like a CSV", excerpt(first)
        )
    typos = _typos(missing, names)
    if typos:
        hints = ", ".join(f"{excerpt(name)} may be meant as {target}" for target, name in typos.items())
        target, name = next(iter(typos.items()))
        return Problem("", "missing_columns", f"{message}; {hints}", excerpt(name), target)
    if not known_columns(names):
        message += "; the header line itself seems to be missing: the first line must name the columns"
    return Problem("", "missing_columns", message, excerpt(", ".join(names)))


def _typos(missing: list[str], names: list[str]) -> dict[str, str]:
    """Return field -> column for columns that are nearly named as a field that lacks."""
    found: dict[str, str] = {}
    keys = {column_key(name[:80]): name for name in names if column_key(name[:80]) not in _NAMES}
    for target in missing:
        for wanted in (name for name, meant in _NAMES.items() if meant == target):
            near = get_close_matches(wanted, keys, n=1, cutoff=0.75)
            if near and target not in found:
                found[target] = keys[near[0]]
    return found
