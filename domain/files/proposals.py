"""Proposes a mapping from column names and first values.

A wrong proposal is worse than none.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from domain.imports import ImportOptions
from domain.problems import Problem
from domain.rows.columns import FIELDS, columns_by_name, find_column, match_columns
from domain.rows.likeness import is_vetoed
from domain.rows.looks import column_of, is_date, is_time, may_be, mostly, without_totals
from domain.rows.missing_columns import like_columns
from domain.rows.names import EITHER, LOCATION_NAME, column_key, known_names, meaning, means_another_time

SHOWN_VALUES = 3
"""First values of a column that is not used."""

# Words by which agendas name their columns, best first, where the whole name is not known.
_WORDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "titulo", "evento", "event", "nome", "nombre", "name", "atividade", "actividad"),
    "description": ("description", "descricao", "descripcion", "resumo", "resumen", "detalhes", "summary"),
    "event_date": ("data", "fecha", "date", "inicio", "start", "dia", "when", "quando"),
    "event_time": ("hora", "horario", "time", "inicio", "start", "comienzo"),
    "city": ("city", "cidade", "ciudad", "municipio", "localidade", "localidad", "town"),
    "participants": ("participants", "participantes", "convidados", "palestrantes", "artistas", "speakers"),
    "local_info.location_name": (
        "venue", "instalacion", "lugar", "local", "espaco", "espacio", "place", "location", "sede", "recinto",
    ),
    "local_info.capacity": ("capacity", "capacidade", "lotacao", "aforo", "capacidad", "vagas"),
    "local_info.address": ("address", "endereco", "direccion", "logradouro", "rua", "calle"),
}  # fmt: skip
_NO_TITLE = re.compile(
    r"\b(?:id|ids|code|codigo|type|tipo|all day|dia inteiro|dia entero|todo el dia|timezone|time zone|fuso"
    r"|url|link|site|status|estado|category|categoria|price|preco|precio|cost|custo|date|data|fecha|time|hora"
    r"|city|cidade|ciudad|venue|local|location|lugar|organizer|organizador|instalacion|user|usuario|tags?)\b"
)
# Words that name the subject, in a name about something else: an event's location is no event.
_OF_ANOTHER = {
    "local_info.location_name": re.compile(
        r"\b(?:id|type|tipo|city|cidade|ciudad|address|endereco|direccion|url|link|codigo|code|zip|cep|state"
        r"|uf|country|pais|distrito|bairro|barrio|phone|latitude|longitude|latitud|longitud|accessible"
        r"|accesibilidad|acessibilidade|capacity|capacidade|time|hora|timezone)\b"
    ),
    "city": re.compile(r"\b(?:id|code|codigo|cod|uf)\b"),
    "event_date": re.compile(r"\b(?:hora|time|timezone|id)\b"),
    "event_time": re.compile(r"\b(?:timezone|zone|fuso|data|date|fecha)\b"),
    "participants": re.compile(r"\b(?:numero|number|total|qtd|count|max)\b"),
}


def propose_mapping(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ImportOptions,
    timezone: tzinfo | None = None,
) -> dict[str, str]:
    """Return field -> column as in the option `mapping`: certain names first, then likely ones."""
    sample = without_totals(sample)
    index = _proposed(names, sample, options, timezone)
    if EITHER in index:
        index = _with_either_told(index, sample)
    if not (index.keys() | (options.defaults or {}).keys()) & {LOCATION_NAME, "local_info"}:
        # Without the name of a place there is no venue, and every row would be refused.
        index = {field: column for field, column in index.items() if not field.startswith("local_info.")}
    return {field: _written(names, column) for field, column in index.items() if field in FIELDS}


def _with_either_told(index: Mapping[str, int], sample: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return which columns are which, with what a column `local` holds: the name of a place, or JSON."""
    told = {field: column for field, column in index.items() if field != EITHER}
    cells = column_of(sample, index[EITHER])
    field = "local_info" if cells and may_be("local_info", cells) else LOCATION_NAME
    return told if field in told else {**told, field: index[EITHER]}


def unused_columns(
    names: Sequence[str], sample: Sequence[Sequence[str]], mapping: Mapping[str, str]
) -> list[tuple[int, str, list[str]]]:
    """Return index, name and first values of each column that a mapping leaves out.

    Columns without a name count where they have a cell.
    """
    used = {column for name in mapping.values() for column in find_column(names, name)}
    found: list[tuple[int, str, list[str]]] = []
    for column in range(max([len(names), *map(len, sample)], default=0)):
        cells = column_of(sample, column)
        name = names[column] if column < len(names) else ""
        if column not in used and (name.strip() or cells):
            found.append((column, name, cells[:SHOWN_VALUES]))
    return found


def _written(names: Sequence[str], column: int) -> str:
    """Return a column as a mapping names it: by position where its name is empty or not its own."""
    name = names[column]
    return name if name.strip() and list(names).count(name) == 1 else f"#{column + 1}"


def _proposed(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ImportOptions,
    timezone: tzinfo | None,
) -> dict[str, int]:
    anything: Mapping[str, str] = dict.fromkeys(FIELDS, "any")
    matched, twins = match_columns(names, options.mapping, anything, sample, timezone), {}
    if isinstance(matched, Problem) and matched.code == "duplicate_columns":
        # Of columns with one meaning none is proposed: that is to be asked.
        twins = without_twins(names, options)
        matched = match_columns(names, twins, anything, sample, timezone)
    if isinstance(matched, Problem):
        return {}
    index = dict(matched.index)
    used, given = set(index.values()), {**twins, **(options.mapping or {})}
    # What a column is by its name is no other column because of a word: `Local` beside `Local de saída`.
    closed = {LOCATION_NAME} if EITHER in index else set[str]()
    open_fields = [
        field for field in _WORDS if field not in index and field not in given and field not in closed
    ]
    for field in open_fields:
        if field.startswith("local_info.") and "local_info" in index:
            continue
        column = _likeliest(field, names, sample, used)
        if column is not None:
            index[field] = column
            used.add(column)
    return index


def without_twins(names: Sequence[str], options: ImportOptions) -> dict[str, str | None]:
    """Return the uploader's mapping, with no column for fields that several columns match equally."""
    twins = [field for field, columns in columns_by_name(names, options.mapping).items() if len(columns) > 1]
    return {**dict.fromkeys(twins), **(options.mapping or {})}


def _likeliest(
    field: str, names: Sequence[str], sample: Sequence[Sequence[str]], used: set[int]
) -> int | None:
    """Return the free column whose name speaks most for a field; the first and shortest of equals.

    Else the first one whose name is the field's with a slip. None where another one has the same name: which
    is meant is to be asked.
    """
    free = [
        column
        for column in range(len(names))
        if column not in used and _bears_out(field, names[column], column_of(sample, column))
    ]
    ranked = [(_likeness(field, names[column]), -len(names[column]), -column) for column in free]
    named = [-place for rank, _, place in sorted(ranked, reverse=True) if rank]
    near = [column for column in like_columns(field, names, sample) if column not in used]
    if field == "participants" and len({*named, *near}) > 1:
        # Each has a part of them: `Participantes obrigatórios` and `opcionais`, `Palestrante` twice.
        return None
    found = named or near
    keys = [column_key(names[column]) for column in found]
    return found[0] if found and keys.count(keys[0]) == 1 else None


def _bears_out(field: str, name: str, cells: Sequence[str]) -> bool:
    """Return whether name and cells of a column allow a field."""
    words = column_key(name).replace("_", " ")
    is_of_time = field in ("event_date", "event_time")
    if (is_of_time and means_another_time(name)) or (meaning(name) is None and is_vetoed(field, name)):
        return False
    if field == "event_time" and mostly(is_date, cells) and not mostly(is_time, cells):
        return False
    if field == "title" and _NO_TITLE.search(words):
        return False
    other = _OF_ANOTHER.get(field)
    if other is not None and other.search(words):
        return False
    if field in ("event_date", "event_time", "local_info.capacity") and not cells:
        return column_key(name) in known_names(field)
    return may_be(field, cells)


def _likeness(field: str, name: str) -> int:
    """Return 0 where nothing speaks for it; more for a name that is the word, or starts with it."""
    words = column_key(name).split("_")
    known = [word for word in words if word in _WORDS[field]]
    if not known:
        return 0
    return 3 if len(words) == 1 else 2 if words[0] == known[0] else 1
