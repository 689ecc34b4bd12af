"""A look at a file before it is imported."""

from datetime import UTC

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.csv_preview import PREVIEW_ROWS, Preview, preview
from domain.csv_rows import RowReader
from domain.imports import ImportOptions
from tests.domain.corpus import HEADER, file, row

AGENDA = (
    "ID-EVENTO;TITULO;PRECIO;FECHA;FECHA-FIN;DESCRIPCION;TITULO-ACTIVIDAD;NOMBRE-INSTALACION;DISTRITO-INSTALACION\n"
    "1;Música en el salón;0;2022-12-07 00:00:00.0;;Ópera;x;Teatro;Centro\n"
)


def look(content: bytes, *, truncated: bool = False, **options: object) -> Preview:
    read = msgspec.convert(options, ImportOptions)
    return preview(content, truncated=truncated, options=read, timezone=UTC)


def test_a_good_file_shows_its_first_rows() -> None:
    seen = look(file(*[row(f"T{n}") for n in range(50)]))
    assert seen.fault is None
    assert seen.dialect == {"encoding": "utf-8", "delimiter": ","}
    assert [r.fields and r.fields.title for r in seen.rows] == [f"T{n}" for n in range(PREVIEW_ROWS)]
    assert seen.mapping == {name: name for name in HEADER.split(",")}


def test_the_row_at_which_a_file_was_cut_is_not_shown() -> None:
    content = file(row("A"), row("B"))
    assert len(look(content[:-5], truncated=True).rows) == 1
    assert len(look(content[:-5]).rows) == 2


def test_the_agenda_of_a_city_gets_a_proposal() -> None:
    seen = look(AGENDA.encode("cp1252"))
    assert seen.dialect == {"encoding": "windows-1252", "delimiter": ";"}
    assert seen.fault is not None
    assert seen.fault.code == "missing_columns"
    assert seen.mapping == {
        "title": "TITULO",
        "event_date": "FECHA",
        "description": "DESCRIPCION",
        "local_info.location_name": "NOMBRE-INSTALACION",
    }


def test_a_proposal_with_a_default_imports_the_agenda() -> None:
    seen = look(AGENDA.encode("cp1252"), defaults={"city": "Madrid"})
    assert [(r.fields and r.fields.title, r.fields and r.fields.city) for r in seen.rows] == [
        ("Música en el salón", "Madrid")
    ]
    options = ImportOptions(mapping=seen.mapping, defaults={"city": "Madrid"})
    reader = RowReader(options, UTC)
    reader.feed(AGENDA.encode("cp1252"))
    reader.close()
    rows = []
    while not reader.is_hungry:
        rows += reader.rows()
    assert rows == seen.rows


def test_a_file_that_is_no_text_has_its_fault() -> None:
    seen = look(b"PK\x03\x04" + bytes(200))
    assert seen.fault is not None
    assert (seen.fault.code, seen.rows, seen.columns) == ("not_text", [], [])


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode), st.booleans())
def test_any_bytes_can_be_looked_at(content: bytes, truncated: bool) -> None:
    assert msgspec.json.encode(look(content, truncated=truncated))
