"""A look at a file before it is imported."""

from datetime import UTC

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv.reader import CsvReader
from domain.files.calendar_reader import CalendarReader
from domain.files.json_reader import JsonReader
from domain.files.preview import PREVIEW_ROWS, Kind, Preview, preview
from domain.imports import ImportOptions
from tests.domain.corpus import HEADER, file, row

AGENDA = (
    "ID-EVENTO;TITULO;PRECIO;FECHA;FECHA-FIN;DESCRIPCION;TITULO-ACTIVIDAD;NOMBRE-INSTALACION;DISTRITO-INSTALACION\n"
    "1;Música en el salón;0;2022-12-07 00:00:00.0;;Ópera;x;Teatro;Centro\n"
)


def look(content: bytes, *, truncated: bool = False, kind: Kind = CsvReader, **options: object) -> Preview:
    read = msgspec.convert(options, ImportOptions)
    return preview(content, truncated=truncated, options=read, timezone=UTC, kind=kind)


def test_the_preview_of_a_valid_file_shows_its_first_rows() -> None:
    seen = look(file(*[row(f"T{n}") for n in range(50)]))
    assert seen.fault is None
    assert seen.dialect == {"encoding": "utf-8", "delimiter": ","}
    assert [r.fields and r.fields.title for r in seen.rows] == [f"T{n}" for n in range(PREVIEW_ROWS)]
    assert seen.mapping == {name: name for name in HEADER.split(",")}


def test_rows_are_shown_while_the_key_lacks_a_column() -> None:
    content = b"title,event_date,city\nA,2026-01-01,Recife\n"
    seen = look(content, key=["title", "description"], on_duplicate="update")
    assert seen.fault is not None
    assert (seen.fault.field, seen.fault.value) == ("key", "description")
    assert [r.fields and r.fields.title for r in seen.rows] == ["A"]
    assert look(content, key=["title"]).fault is None


def test_the_preview_omits_the_row_at_which_the_sample_ends() -> None:
    content = file(row("A"), row("B"))
    assert len(look(content[:-5], truncated=True).rows) == 1
    assert len(look(content[:-5]).rows) == 2


def test_a_city_agenda_with_foreign_columns_gets_a_proposal() -> None:
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


def test_the_proposal_with_a_default_imports_the_city_agenda() -> None:
    seen = look(AGENDA.encode("cp1252"), defaults={"city": "Madrid"})
    assert [(r.fields and r.fields.title, r.fields and r.fields.city) for r in seen.rows] == [
        ("Música en el salón", "Madrid")
    ]
    options = ImportOptions(mapping=seen.mapping, defaults={"city": "Madrid"})
    reader = CsvReader(options, UTC)
    reader.feed(AGENDA.encode("cp1252"))
    reader.close()
    rows = []
    while not reader.is_hungry:
        rows += reader.rows()
    assert rows == seen.rows


def test_the_preview_of_a_binary_file_reports_not_text() -> None:
    seen = look(b"PK\x03\x04" + bytes(200))
    assert seen.fault is not None
    assert (seen.fault.code, seen.rows, seen.columns) == ("not_text", [], [])


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode), st.booleans())
def test_any_bytes_can_be_previewed(content: bytes, truncated: bool) -> None:
    assert msgspec.json.encode(look(content, truncated=truncated))


def shown(seen: Preview) -> list[tuple[object, ...]]:
    """Return title, date, city of each row, and the fields and codes of its errors."""
    return [
        (
            *((r.fields.title, r.fields.event_date, r.fields.city) if r.fields else r.cells),
            *(f"{problem.field}:{problem.code}" for problem in r.errors),
        )
        for r in seen.rows
    ]


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        ("Nome do evento;Data\nA;24/06/2026\n", {}, [("A", "2026-06-24T00:00:00", "", "city:required")]),
        (
            "TITULO;FECHA;X\nA;2026-07-01;Madrid\nB;mañana;Madrid\n",
            {},
            [
                ("A", "2026-07-01T00:00:00", "", "city:required"),
                ("B", "mañana", "Madrid", "city:required", "event_date:invalid_date"),
            ],
        ),
        (
            "a;b;c\nA;2026-07-01;Madrid\n",
            {"mapping": {"title": "a", "event_date": "b"}},
            [("A", "2026-07-01T00:00:00", "", "city:required")],
        ),
        (
            "title;date;city\nA;2026-07-01;Madrid\n",
            {"mapping": {"title": None}},
            [("", "2026-07-01T00:00:00", "Madrid", "title:required")],
        ),
        ("Data;Data;Cidade;Título\nx;y;R;A\n", {}, [("A", "", "R", "event_date:required")]),
        (
            "a;b;c\n" + "A;2026-07-01;R\n" * 30,
            {},
            [("", "", "", "title:required", "event_date:required", "city:required")] * PREVIEW_ROWS,
        ),
        ("a;b\n", {}, []),
    ],
)
def test_rows_are_shown_while_required_fields_are_missing(
    content: str, options: dict[str, object], rows: list[tuple[object, ...]]
) -> None:
    seen = look(content.encode(), **options)
    assert seen.fault is not None
    assert shown(seen) == rows


def test_a_default_ends_what_is_missing() -> None:
    seen = look(b"title;date\nA;2026-07-01\n", defaults={"city": "Recife"})
    assert shown(seen) == [("A", "2026-07-01T00:00:00", "Recife")]


@pytest.mark.parametrize(
    "content",
    [
        "Evento;Data;Modalidade\nA;2026-07-01;Presencial\n",
        "Evento;Data;Event cost\nA;2026-07-01;Livre\n",
        "Evento;Data;Cidade de origem\nA;2026-07-01;Recife\n",
        "Evento;Cidade;Data do envio;Data limite\nA;Recife;2026-07-01;2026-07-02\n",
        "Evento;Cidade;Start (UTC)\nA;Recife;2026-07-01 22:00\n",
        "Evento;Cidade;Date/Time (GMT)\nA;Recife;2026-07-01 22:00\n",
        "Evento;Cidade;Data (UTC)\nA;Recife;2026-07-01 22:00\n",
        "Evento;Cidade;start_date_utc\nA;Recife;2026-07-01 22:00\n",
        "Evento;Data;Time (GMT);Cidade\nA;2026-07-01;22:00;Recife\n",
        "Evento;Data;Cidade;Local;Vagas restantes;Vagas PCD\nA;2026-07-01;Recife;Teatro;3;2\n",
        "Evento;Data;Cidade;Participante 1;Participante 2\nA;2026-07-01;Recife;Ana;Bia\n",
        "Evento;Data;Cidade;Convidados obrigatórios;Convidados opcionais\nA;2026-07-01;Recife;Ana;Bia\n",
    ],
)
def test_a_wrong_column_is_not_proposed(content: str) -> None:
    seen = look(content.encode())
    proposed = {
        "Evento": "title",
        "Data": "event_date",
        "Cidade": "city",
        "Local": "local_info.location_name",
    }
    names = content.partition("\n")[0].split(";")
    assert seen.mapping == {field: name for name, field in proposed.items() if name in names}


@pytest.mark.parametrize(
    ("name", "field", "cells"),
    [
        *[(name, "participants", ["Ana", "Rui"]) for name in ("Palestrante", "Participante", "Speaker")],
        ("Convidado", "participants", ["Ana", "Rui"]),
        ("Artista", "participants", ["Ana", "Rui"]),
        ("Hora do show", "event_time", ["19h", "21h"]),
        ("Local do show", "local_info.location_name", ["Teatro", "Sala"]),
        ("Resumo do show", "description", ["Baile", "Festa"]),
    ],
)
def test_of_two_columns_of_one_name_none_is_proposed(name: str, field: str, cells: list[str]) -> None:
    for names, proposed in (([name], True), ([name, name], False), ([name, name.upper()], False)):
        row = ["A", "2026-12-13", "Recife", *cells[: len(names)]]
        seen = look(f"Evento;Data;Cidade;{';'.join(names)}\n{';'.join(row)}\n".encode())
        assert (field in seen.mapping) is proposed
        assert len(seen.unused) == (0 if proposed else 2)
        assert seen.fault is None


def test_people_of_several_kinds_are_not_proposed_as_those_of_one() -> None:
    seen = look(b"Evento;Data;Cidade;Palestrante;Convidado\nA;2026-12-13;Recife;Ana;Rui\n")
    assert "participants" not in seen.mapping


@pytest.mark.parametrize("other", ["Local de saída", "Local de encontro", "Local do almoço"])
def test_the_proposal_is_what_the_rows_show(other: str) -> None:
    seen = look(f"Evento;Data;Cidade;{other};Local\nA;2026-07-01;Recife;Rua 1;Teatro\n".encode())
    assert seen.mapping["local_info.location_name"] == "Local"
    assert [r.fields and r.fields.local_info and r.fields.local_info.location_name for r in seen.rows] == [
        "Teatro"
    ]


@pytest.mark.parametrize("truncated", [True, False])
@pytest.mark.parametrize("newline", ["\n", "\r"])
@pytest.mark.parametrize("before", [0, 19, 20, 25, 1000])
@pytest.mark.parametrize(
    ("encoding", "text", "proposed"),
    [
        ("mac_roman", "São João", "macintosh"),
        ("cp850", "São João", "cp850"),
        ("iso8859-15", "Cœur à 10 €", "iso-8859-15"),
        ("cp1251", "Концерт Москва", "windows-1251"),
        ("cp1252", "São João", None),
        ("utf-8", "São João", None),
    ],
)
def test_a_doubtful_encoding_is_told_wherever_it_shows(
    encoding: str, text: str, proposed: str | None, before: int, newline: str, *, truncated: bool
) -> None:
    rows = "A;24/06/2026;R\n" * before + f"{text};24/06/2026;R\nB;24/06"
    content = f"title;date;city\n{rows}".replace("\n", newline).encode(encoding)
    seen = look(content, truncated=truncated)
    assert seen.encodings[:1] == (() if proposed is None else (proposed,))
    assert (seen.fault and seen.fault.code) == (proposed and "unclear_encoding")
    assert len(seen.rows) == min(before + 1 + (not truncated), PREVIEW_ROWS)


def test_a_letter_that_is_cut_at_the_end_of_the_head_is_no_doubt() -> None:
    head = "title;date;city\nA;2026-06-24;R\nsã".encode()[:-1]
    assert look(head, truncated=True).fault is None


@pytest.mark.parametrize("named", ["windows-1252", "macintosh"])
def test_an_encoding_that_is_named_is_not_doubted(named: str) -> None:
    content = ("title;date;city\n" + "A;2026-06-24;R\n" * 30 + "São;2026-06-24;R\n").encode("mac_roman")
    assert look(content, encoding=named).fault is None


PLACE = '"address":{"name":"Teatro","address":"Rua A","city":"Recife"}'
IN_PARTS = {
    "address": f'{{"data":[{{"id":"s1","name":"A","start_date":"2026-06-24",{PLACE}}}]}}',
    "location": '[{"title":"A","startTime":"2026-06-24T10:00","location":{"name":"Sala","city":"R"},"x":1}]',
    "ids": '[{"title":"A","date":"2026-06-24","city":"R","_id":"1","@id":"2","local":"Sala"}]',
    "capacity": '[{"title":"A","date":"2026-06-24","city":"R","capacity":3}]',
}
CALENDAR = "\r\n".join(
    [
        *("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", "SUMMARY:A", "DTSTART:20260624T100000"),
        *("LOCATION:Sala", "ATTENDEE;CN=Ana:mailto:a@b.c", "END:VEVENT", "END:VCALENDAR", ""),
    ]
)


@pytest.mark.parametrize(
    ("content", "kind", "unused"),
    [
        (IN_PARTS["address"], JsonReader, []),
        (IN_PARTS["location"], JsonReader, ["x"]),
        (IN_PARTS["ids"], JsonReader, ["@id"]),
        (IN_PARTS["capacity"], JsonReader, []),
        (CALENDAR, CalendarReader, []),
    ],
)
def test_what_is_read_is_not_told_as_unused(content: str, kind: Kind, unused: list[str]) -> None:
    seen = look(content.encode(), kind=kind, defaults={"description": "D"})
    assert [column["name"] for column in seen.unused] == unused
    assert [column["name"] for column in seen.columns if not column["field"]] == unused


@pytest.mark.parametrize("content", [text for name, text in IN_PARTS.items() if name != "capacity"])
def test_the_proposal_names_all_that_is_read_and_reads_it_likewise(content: str) -> None:
    seen = look(content.encode(), kind=JsonReader)
    read = {column["name"] for column in seen.columns if column["field"]}
    assert set(seen.mapping.values()) == read
    again = look(content.encode(), kind=JsonReader, mapping=seen.mapping)
    assert (again.rows, again.mapping, again.unused) == (seen.rows, seen.mapping, seen.unused)


def test_a_part_of_a_place_is_not_proposed_as_the_title() -> None:
    seen = look(f'[{{"start_date":"2026-06-24",{PLACE}}}]'.encode(), kind=JsonReader)
    assert seen.fault is not None
    assert seen.mapping == {
        "event_date": "start_date",
        "city": "address.city",
        "local_info.address": "address",
        "local_info.location_name": "address.name",
    }
