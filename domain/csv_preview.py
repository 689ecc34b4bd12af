"""What the beginning of a file would be read as, and which column is probably which field."""

from datetime import tzinfo
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain.csv_cells import Row
from domain.csv_header import FIELDS, column_key, match_columns
from domain.csv_rows import RowReader
from domain.imports import ImportOptions
from domain.problems import Problem
from domain.sheet_rows import SheetReader

Reader = RowReader | SheetReader
Kind = type[RowReader] | type[SheetReader]

PREVIEW_BYTES = 64 * 1024
PREVIEW_ROWS = 20

# Words by which agendas published in Portuguese, Spanish and English name their columns, best first.
_WORDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "titulo", "evento", "event", "nome", "nombre", "name", "atividade", "actividad"),
    "description": ("description", "descricao", "descripcion", "resumo", "resumen", "detalhes", "summary"),
    "event_date": ("data", "fecha", "date", "inicio", "start", "dia", "when", "quando"),
    "city": ("city", "cidade", "ciudad", "municipio", "localidade", "localidad", "town", "ville"),
    "participants": ("participants", "participantes", "convidados", "palestrantes", "artistas", "speakers"),
    "local_info.location_name": (
        "venue",
        "instalacion",
        "lugar",
        "local",
        "espaco",
        "place",
        "location",
        "sede",
    ),
    "local_info.capacity": ("capacity", "capacidade", "lotacao", "aforo", "capacidad"),
    "local_info.address": ("address", "endereco", "direccion", "logradouro", "rua", "calle"),
}


class Preview(Struct, frozen=True):
    """The beginning of a file, as it would be read with `mapping`.

    Attributes:
        dialect: `encoding` and `delimiter`, of a workbook `format` and `sheet`; None without a header.
        columns: `name` and `field` (None: ignored) of each column.
        mapping: field -> column name, to be used as the import's option after a look at it.
        rows: the first 20, with their errors.
        fault: why the file cannot be imported as it is; still told when the mapping mends it.
    """

    dialect: dict[str, Any] | None
    columns: list[dict[str, Any]]
    mapping: dict[str, str]
    rows: list[Row]
    warnings: list[dict[str, Any]]
    fault: Problem | None = None


def preview(
    head: bytes,
    *,
    truncated: bool,
    options: ImportOptions,
    timezone: tzinfo,
    kind: Kind = RowReader,
) -> Preview:
    """Return what the first bytes of a file would be read as; `truncated` tells that there are more."""
    reader, rows = _read(kind(options, timezone), head, truncated=truncated)
    fault, names = reader.fault, reader.names
    mapping = _proposed(names, options)
    if fault and fault.code == "missing_columns" and not options.mapping and mapping:
        mended = replace(options, mapping=mapping)
        reader, rows = _read(kind(mended, timezone), head, truncated=truncated)
    return Preview(
        reader.dialect,
        reader.columns or [{"name": name, "field": None} for name in names],
        mapping,
        rows,
        reader.warnings,
        fault,
    )


def _read(reader: Reader, head: bytes, *, truncated: bool) -> tuple[Reader, list[Row]]:
    reader.feed(head)
    reader.close()
    rows: list[Row] = []
    while not reader.is_hungry and len(rows) <= PREVIEW_ROWS:
        rows.extend(reader.rows(max_rows=PREVIEW_ROWS + 1 - len(rows)))
    # The last row of a file that was cut is not what it would be.
    whole = rows[:-1] if truncated and reader.has_ended else rows
    return reader, whole[:PREVIEW_ROWS]


def _proposed(names: list[str], options: ImportOptions) -> dict[str, str]:
    """Return field -> column: what names say for certain, then what they suggest."""
    matched = match_columns(names, options.mapping, dict.fromkeys(FIELDS, "any"))
    if isinstance(matched, Problem):
        return {}
    mapping = {field: names[column] for field, column in matched.index.items() if field in FIELDS}
    used = set(matched.index.values())
    for field in _WORDS:
        if field in mapping or (field.startswith("local_info.") and "local_info" in mapping):
            continue
        column = _likeliest(field, names, used)
        if column is not None:
            mapping[field] = names[column]
            used.add(column)
    return mapping


def _likeliest(field: str, names: list[str], used: set[int]) -> int | None:
    """Return the free column whose name speaks most for a field; the first and shortest of equals."""
    free = [column for column in range(len(names)) if column not in used]
    ranked = [(_likeness(field, names[column]), -len(names[column]), -column) for column in free]
    best = max(ranked, default=(0, 0, 0))
    return -best[2] if best[0] else None


def _likeness(field: str, name: str) -> int:
    """Return 0 where nothing speaks for it; more for a name that is the word, or starts with it."""
    words = column_key(name).split("_")
    known = [word for word in words if word in _WORDS[field]]
    if not known:
        return 0
    return 3 if len(words) == 1 else 2 if words[0] == known[0] else 1
