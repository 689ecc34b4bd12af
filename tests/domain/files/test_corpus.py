"""Files as people have them (tests/corpus), and what is stored, reported and refused of each.

Rows in short: `2 Title 2026-07-01T19:30:00 City Place 900` for one that is in (00:00:00 and an absent
place left out), `3 event_date:invalid_date=2026-07-01` for a refused one, with its suggestions.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from domain.csv.reader import CsvReader
from domain.files.preview import preview
from domain.imports import ImportOptions
from domain.problems import Problem
from domain.rows.row_parser import Row

CORPUS = Path(__file__).parents[2] / "corpus"
RECIFE = ZoneInfo("America/Recife")
RECIFE_BY_DEFAULT = {"defaults": {"city": "Recife"}}
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Case(NamedTuple):
    file: str
    rows: Sequence[str] = ()
    options: Mapping[str, Any] = NOTHING
    fault: str | None = None
    warnings: Mapping[str, int] = NOTHING
    dialect: Mapping[str, Any] = NOTHING


CASES = [
    # Exports as their makers give them.
    Case("google_calendar.csv", fault="missing_columns"),
    Case(
        "google_calendar.csv",
        [
            "2 Ensaio aberto 2026-08-07T19:30:00 Recife Teatro de Santa Isabel, Recife 1",
            "3 Feriado 2026-09-07 Recife",
            "4 Encerramento 2026-08-21 Recife Marco Zero 1",
        ],
        RECIFE_BY_DEFAULT,
        warnings={"ignored_columns": 4},
        dialect={"date_format": "mdy", "date_format_line": 4},
    ),
    Case(
        "outlook_en.csv",
        [
            "2 Opening night 2026-04-30T20:00:00 Recife City Hall 1",
            "4 Matinee 2026-05-02T15:00:00 Recife City Hall 1",
        ],
        RECIFE_BY_DEFAULT,
        warnings={"ignored_columns": 17},
        dialect={"date_format": "mdy", "date_format_line": 2},
    ),
    Case(
        "outlook_pt.csv",
        [
            "2 Abertura da mostra 2026-04-24T19:00:00 Recife Cine São Luiz 1",
            "3 Debate 2026-05-05T19:00:00 Recife Cine São Luiz 1",
        ],
        RECIFE_BY_DEFAULT,
        warnings={"ignored_columns": 9},
        dialect={"encoding": "windows-1252", "date_format": "dmy", "date_format_line": 2},
    ),
    Case(
        "the_events_calendar.csv",
        [
            "2 Feira do Livro 2026-03-14T10:00:00 Recife Praça do Arsenal 1",
            "3 Maratona 2026-04-05T05:30:00 Recife Marco Zero 1",
        ],
        RECIFE_BY_DEFAULT,
        warnings={"ignored_columns": 8},
    ),
    Case(
        "eventbrite.csv",
        [
            "2 Jazz, blues & choro 2026-02-07T19:30:00 Recife Teatro do Parque 900",
            "3 Samba de roda 2026-02-08T16:00:00 Recife Pátio de São Pedro 1500",
        ],
        warnings={"ignored_columns": 7},
    ),
    Case(
        "meetup.csv",
        ["2 PyNight 2026-02-05T19:00:00-03:00 Recife", "3 Rust na praça 2026-02-14T15:30:00-03:00 Recife"],
        RECIFE_BY_DEFAULT,
        warnings={"ignored_columns": 3},
    ),
    Case(
        "sympla.csv",
        [
            "2 Festival de Inverno 2026-07-31T19:30:00 Recife Parque Dona Lindu 3000",
            "3 Oficina de frevo 2026-08-01T09:00:00 Recife Paço do Frevo 40",
        ],
        warnings={"ignored_columns": 2},
        dialect={"date_format": "dmy", "date_format_line": 2},
    ),
    Case(
        "open_data_pt.csv",
        [
            "5 São João da Capitá 2026-06-23T18:00:00 Recife Sítio Trindade 1",
            "6 Ciranda 2026-07-01T20:00:00 Ilha de Itamaracá Itamaracá 1",
        ],
        warnings={"ignored_columns": 1, "rows_above_header": 2, "total_row": 1},
        dialect={"header_row": 4, "date_format": "dmy", "date_format_line": 5},
    ),
    Case(
        "open_data_es.csv",
        [
            "2 Música en el salón 2026-12-07T19:30:00 Madrid Teatro Español 300",
            "3 Cuentacuentos 2026-12-09T00:00:00.0 Madrid Biblioteca Pío Baroja 1",
        ],
        warnings={"ignored_columns": 4},
        dialect={"encoding": "windows-1252", "delimiter": ";"},
    ),
    Case(
        "open_data_en.csv",
        [
            "2 Lantern parade 2026-07-04T21:15:00 Austin City Park 5000",
            "3 Book swap 2026-07-11T10:00:00 Austin Central Library 80",
        ],
        warnings={"ignored_columns": 3},
        dialect={"delimiter": "\t"},
    ),
    Case(
        "numbers.csv",
        ["3 Sarau 2026-07-05 Olinda", "4 Maracatu 2026-07-12 Olinda"],
        warnings={"rows_above_header": 1},
        dialect={"header_row": 2},
    ),
    Case(
        "google_sheets.csv",
        [
            "2 Festa 2026-07-01T09:00:00 Recife Marco Zero 100",
            "3 Feira 2026-07-18T14:30:00 Recife Praça do Arsenal 250",
        ],
        dialect={"date_format": "dmy", "date_format_line": 3},
    ),
    # The header.
    Case(
        "repeated_header.csv",
        ["2 A 2026-01-05 Recife", "4 B 2026-01-06 Recife", "7 event_date:required"],
        warnings={"repeated_header": 1, "total_row": 2},
    ),
    Case(
        "repeated_header.csv",
        ["4 B 2026-01-06 Recife", "7 event_date:required"],
        {"header_row": 3},
        warnings={"rows_above_header": 2, "total_row": 2},
        dialect={"header_row": 3},
    ),
    Case("repeated_header.csv", options={"header_row": 40}, fault="invalid_option"),
    Case(
        "nameless_columns.csv",
        ["2 A 2026-01-05 Recife", "3 B 2026-01-06 Olinda", "4 C 2026-01-07 Natal"],
        warnings={"ignored_columns": 1},
    ),
    Case("many_columns.csv", ["2 A 2026-01-05 Recife"], warnings={"ignored_columns": 400}),
    Case("twins.csv", fault="duplicate_columns"),
    Case("twins.csv", options={"mapping": {"event_date": "Data"}}, fault="duplicate_columns"),
    Case(
        "twins.csv",
        ["2 Festa 2026-07-02T12:00:00 Recife"],
        {"mapping": {"event_date": "#4", "event_time": "#5"}},
        warnings={"ignored_columns": 2},
    ),
    Case(
        "twins.csv",
        ["2 Festa 2026-07-01 Recife"],
        {"mapping": {"event_date": "#2", "event_time": None}},
        warnings={"ignored_columns": 3, "time_not_used": 3},
    ),
    Case("title_and_titulo.csv", fault="duplicate_columns"),
    Case(
        "title_and_titulo.csv",
        ["2 Festa 2026-07-01 Recife"],
        {"mapping": {"title": "titulo"}},
        warnings={"ignored_columns": 1},
    ),
    Case("title_and_titulo.csv", options={"mapping": {"title": None}}, fault="missing_columns"),
    Case("no_header.csv", fault="missing_columns"),
    Case("seats_without_a_place.csv", ["2 Feira 2026-07-01 Recife"], warnings={"ignored_columns": 1}),
    Case(
        "start_and_end.csv",
        ["2 Feira 2026-07-01T19:30:00 Recife", "3 Sarau 2026-07-25T20:00:00 Olinda"],
        warnings={"ignored_columns": 1},
        dialect={"date_format": "dmy", "date_format_line": 3},
    ),
    Case(
        "nameless_columns.csv",
        ["2 A 2026-01-05 Recife", "3 B 2026-01-06 Olinda", "4 C 2026-01-07 Natal nota 1"],
        {"mapping": {"local_info.location_name": "#5"}},
    ),
    Case("unknown_names.csv", fault="missing_columns"),
    Case("ids_as_evento.csv", fault="missing_columns"),
    # Dates and times.
    Case(
        "dates_unambiguous.csv",
        [
            "2 hora de um dígito 2026-07-01T09:00:00 Recife",
            "3 h 2026-07-01T10:00:00 Recife",
            "4 h30 2026-07-01T19:30:00 Recife",
            "5 fração 2026-07-01T10:00:00.250 Recife",
            "6 PM 2026-07-01T19:30:00 Recife",
            "7 p. m. 2026-07-01T19:30:00 Recife",
            "8 hhmm 2026-07-01T10:00:00-03:00 Recife",
            "9 hh 2026-07-01T10:00:00-03:00 Recife",
            "10 UTC 2026-07-01T10:00:00Z Recife",
            "11 compacta 2026-07-01T10:00:00Z Recife",
            "12 barra 2026-07-01 Recife",
            "13 extenso 2026-07-01 Recife",
            "14 abreviada 2026-07-01 Recife",
            "15 inglês 2026-07-01T19:00:00 Recife",
            "16 hífen 2026-07-01 Recife",
        ],
    ),
    Case(
        "dates_never.csv",
        [
            "2 event_date:invalid_date=2026-07-01",
            "3 event_date:invalid_date=2026-07-01T19:30:00",
            "4 event_date:invalid_date=2026-07-01T10:00:00Z",
            "5 event_date:date_out_of_range",
            "6 event_date:invalid_date",
            "7 event_date:invalid_date",
            "8 event_date:invalid_date=2026-07-01T19:00:00",
            "9 event_date:invalid_date",
        ],
    ),
    Case(
        "proved_mdy.csv",
        ["2 A 2026-07-04 Austin", "3 B 2026-12-25 Austin", "4 event_date:invalid_date=2026-12-25"],
        dialect={"date_format": "mdy", "date_format_line": 3},
        warnings={"contradicting_dates": 1},
    ),
    Case(
        "proved_mdy.csv",
        ["2 A 2026-04-07 Austin", "3 event_date:invalid_date=2026-12-25", "4 C 2026-12-25 Austin"],
        {"date_format": "dmy"},
    ),
    Case(
        "unproved.csv",
        [
            "2 event_date:ambiguous_date=2026-04-07|2026-07-04",
            "3 B 2026-01-01 Austin",
            "4 C 2026-07-04T19:00:00 Austin",
            "5 D 2026-07-04 Austin",
        ],
    ),
    Case(
        "unproved.csv",
        [
            "2 event_date:invalid_date=2026-04-07|2026-07-04",
            "3 event_date:invalid_date=2026-01-01",
            "4 event_date:invalid_date=2026-04-07T19:00:00|2026-07-04T19:00:00",
            "5 D 2026-07-04 Austin",
        ],
        {"date_format": "iso"},
    ),
    Case(
        "times_apart.csv",
        [
            "2 A 2026-07-01T19:30:00 Recife",
            "3 B 2026-07-01 Recife",
            "4 event_time:conflicting_time",
            "5 event_time:invalid_date",
            "6 E 2026-07-01T19:30:00 Recife",
        ],
    ),
    Case(
        "time_not_used.csv",
        ["2 A 2026-07-01 Recife", "3 B 2026-07-02 Recife"],
        warnings={"ignored_columns": 1, "time_not_used": 1},
    ),
    # Values.
    Case(
        "capacities.csv",
        [
            "2 local_info.capacity:invalid_type=300",
            "3 local_info.capacity:invalid_type=1200",
            "4 local_info.capacity:invalid_type=1200",
            "5 local_info.capacity:invalid_type=300",
            "6 E 2026-01-01 Recife Teatro 300",
        ],
    ),
    Case(
        "error_cells.csv",
        [
            "2 local_info.capacity:cell_error",
            "3 title:cell_error event_date:cell_error",
            "4 local_info.location_name:cell_error",
        ],
    ),
    Case(
        "replaced_values.csv",
        ["2 A 2026-12-31 Recife Teatro 1", "3 B 2026-01-02 Recife Teatro 1"],
        {
            "values": {
                "venue_type": {"Auditorium": "Auditório", "Sala de Teatro": "Teatro"},
                "local_info.location_name": {"x": "y"},
                "event_date": {"A definir": "2026-12-31"},
                "city": {"Rec.": "Recife"},
            }
        },
    ),
    Case("replaced_values.csv", options={"values": {"colour": {"a": "b"}}}, fault="invalid_option"),
    # A column `Local`: the name of the place, or JSON, or neither.
    Case(
        "local_column.csv",
        ["2 Festa 2026-07-01 Recife Arena 1", "3 Cinema 2026-07-02 Olinda Sé 1"],
        warnings={"ignored_columns": 1},
    ),
    Case(
        "local_column.csv",
        ["2 Festa 2026-07-01 Recife", "3 Cinema 2026-07-02 Olinda"],
        {"mapping": {"local_info.location_name": None}},
        warnings={"ignored_columns": 2},
    ),
    Case(
        "local_column.csv",
        ["2 Festa 2026-07-01 Recife Arena 1", "3 Cinema 2026-07-02 Olinda Sé 1"],
        {"mapping": {"local_info": None}},
        warnings={"ignored_columns": 1},
    ),
    Case(
        "local_column.csv",
        ["2 Festa 2026-07-01 Recife Palco A 1", "3 Cinema 2026-07-02 Olinda"],
        {"mapping": {"local_info.location_name": "Sala"}},
        warnings={"ignored_columns": 1},
    ),
    # Agendas that ask what, when and where; files as other programs save them.
    Case(
        "o_que_quando_onde.csv",
        ["2 Show 2026-08-13T19:30:00 Recife Arena 1"],
        warnings={"ignored_columns": 1},  # Público is the age here, not a number of places.
        dialect={"date_format": "dmy"},
    ),
    Case(
        "que_cuando_donde.csv",
        ["2 Show 2026-08-13T19:30:00 Recife Arena 500"],
        dialect={"date_format": "dmy"},
    ),
    Case(
        "programacao.csv",
        ["2 Show 2026-08-13T19:30:00 Recife Arena 1"],
        warnings={"ignored_columns": 2},
        dialect={"date_format": "dmy"},
    ),
    Case("programa_and_o_que.csv", fault="duplicate_columns"),
    Case("numbers_as_o_que.csv", fault="missing_columns"),
    Case(
        "excel_sep_and_bom.csv",
        [
            "3 local_info.capacity:invalid_type=1200",
            "4 Feira 2026-08-25T08:00:00 Olinda Praça 300",
            "5 local_info.capacity:invalid_type",
            "6 local_info.capacity:invalid_type",
        ],
        dialect={"date_format": "dmy"},
    ),
    Case(
        "excel_unicode_text.csv",
        ["2 Show 2026-08-13T20:00:00 Recife Arena 1", "3 Peça 2026-08-14T19:30:00 Recife Teatro 1"],
        dialect={"encoding": "utf-16-le", "delimiter": "\t", "date_format": "dmy"},
    ),
    Case(
        "dates_of_agendas.csv",
        [
            "2 A 2026-08-12 Recife",
            "3 B 2026-08-03T19:30:00 Recife",
            "4 C 2026-08-03T19:30:00 Recife",
            "5 D 2026-08-13T19:30:00 Recife",
            "6 E 2026-08-12 Recife",
            "7 F 2026-08-01 Recife",
            "8 G 2026-08-03T19:00:00 Recife",
            "9 H 2026-08-12T19:30:00 Recife",
        ],
        dialect={"date_format": "dmy", "date_format_line": 5},
    ),
    Case(
        "totals_and_footnotes.csv",
        [
            "4 A 2026-08-13 Recife",
            "6 B 2026-08-14 Recife",
            "8 event_date:required city:required",
            "9 event_date:required city:required",
        ],
        warnings={"ignored_columns": 1, "rows_above_header": 1, "total_row": 1},
        dialect={"date_format": "dmy", "header_row": 3},
    ),
    Case(
        "page_breaks.csv",
        ["2 A 2026-08-13 Recife", "4 B 2026-08-14 Recife", "6 :missing_cells", "8 C 2026-08-15 Recife"],
        warnings={"repeated_header": 2},
        dialect={"date_format": "dmy"},
    ),
    # A number below the dates is no date of an event, and does not make the column another.
    Case(
        "totals_below_dates.csv",
        [
            "5 Baile 2027-07-03T20:00:00 Olinda",
            "6 Missa 2027-07-04T07:00:00 Olinda",
            "7 Roda 2027-07-17T19:30:00 Olinda",
        ],
        warnings={"rows_above_header": 2, "total_row": 1},
        dialect={"header_row": 4, "date_format": "dmy"},
    ),
    # What happened to a file before.
    Case(
        "joined.csv",
        ["2 Festa 2026-07-01 Recife", "3 Cinema, às 19h 2026-07-02 Olinda", "5 Feira 2026-07-03 Recife"],
        warnings={"repeated_header": 1},
    ),
    Case(
        "damaged_letters.csv",
        [
            "2 A\u00c3\u00a7\u00c3\u00a3o 2026-07-01 Recife",
            "3 Cora\ufffd\ufffdo 2026-07-02 Recife",
            "4 SERTÃO, AMANHÃ\u201d 2026-07-03 Recife",
            "5 Bem 2026-07-04 Recife",
        ],
        warnings={"damaged_text": 2},
    ),
    Case("quoted_lines.csv", fault="missing_columns"),
    Case(
        "date_and_time_refused.csv",
        [
            "2 event_date:invalid_date=2025-07-01 event_time:invalid_date=19:30:00",
            "3 event_date:required event_time:invalid_date",
            "4 event_date:invalid_date",
        ],
    ),
    # Encodings.
    Case("mac_roman.csv", fault="unclear_encoding"),
    Case(
        "mac_roman.csv",
        ["2 São João 2026-06-24 Ribeirão Preto", "3 Exposição 2026-07-01 São Paulo"],
        {"encoding": "macintosh"},
        dialect={"encoding": "mac-roman"},
    ),
    Case("cp850.csv", fault="unclear_encoding"),
    Case(
        "cp850.csv",
        ["2 São João 2026-06-24 Ribeirão Preto", "3 Ação 2026-07-01 Maceió"],
        {"encoding": "ibm850"},
    ),
    Case(
        "cp850.csv",
        ["2 SÆo JoÆo 2026-06-24 RibeirÆo Preto", "3 A‡Æo 2026-07-01 Macei¢"],
        {"encoding": "windows-1252"},
    ),
    Case("latin9.csv", ["2 Ingresso a 5 € 2026-06-24 São Paulo"], {"encoding": "iso-8859-15"}),
]


def told(row: Row) -> str:
    if row.fields is None:
        return f"{row.line} " + " ".join(map(_told_error, row.errors))
    fields, place = row.fields, row.fields.local_info
    words = [str(row.line), fields.title, fields.event_date.removesuffix("T00:00:00"), fields.city]
    return " ".join(words + ([place.location_name, str(place.capacity)] if place else []))


def _told_error(error: Problem) -> str:
    options = error.suggestions or ((error.suggestion,) if error.suggestion else ())
    return f"{error.field}:{error.code}" + (f"={'|'.join(options)}" if options else "")


def read(name: str, options: Mapping[str, Any], chunk: int) -> tuple[CsvReader, list[Row]]:
    reader, rows, content = CsvReader(ImportOptions(**options), RECIFE), [], (CORPUS / name).read_bytes()
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
        while not reader.is_hungry:
            rows += reader.rows()
    reader.close()
    while not reader.is_hungry:
        rows += reader.rows()
    return reader, rows


@pytest.mark.parametrize("chunk", [1 << 20, 11])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file} {dict(case.options)}")
def test_each_corpus_file_has_its_expected_outcome(case: Case, chunk: int) -> None:
    reader, rows = read(case.file, case.options, chunk)
    assert (reader.fault.code if reader.fault else None) == case.fault
    assert [told(row) for row in rows] == list(case.rows)
    if case.fault is None:
        assert {warning["code"]: warning["count"] for warning in reader.warnings} == case.warnings
        dialect = reader.dialect or {}
        assert case.dialect.items() <= dialect.items()
        assert ("date_format" in dialect) == ("date_format" in case.dialect)
        assert ("header_row" in dialect) == ("header_row" in case.dialect)


def test_every_corpus_file_has_an_expected_outcome() -> None:
    assert {file.name for file in CORPUS.glob("*.csv")} == {case.file for case in CASES} | {"proved_late.csv"}


def test_only_rows_that_need_the_proved_order_wait_for_it() -> None:
    content = (CORPUS / "proved_late.csv").read_bytes()
    reader = CsvReader(ImportOptions(), RECIFE)
    reader.feed(content[: content.index(b"Prova")])
    waiting = [row for _ in range(3) if not reader.is_hungry for row in reader.rows()]
    assert waiting == []
    reader.feed(content[content.index(b"Prova") :])
    rows = [row for _ in range(3) if not reader.is_hungry for row in reader.rows()]
    assert len(rows) == 41
    assert all(row.fields for row in rows)
    assert reader.dialect is not None
    assert reader.dialect["date_format_line"] == 42
    iso = CsvReader(ImportOptions(), RECIFE)
    iso.feed(b"title,event_date,city\n" + b"A,2026-07-01,Recife\n" * 5)
    assert len([row for _ in range(3) if not iso.is_hungry for row in iso.rows()]) == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"A,04/07/2026,R\n" * 1000 + b"B,13/07/2026,R\n", None),
        (b"A,04/07/2026,R\n" * 999 + b"B,13/07/2026,R\n", "dmy"),
    ],
)
def test_the_date_order_is_searched_in_the_first_1000_records(text: bytes, expected: str | None) -> None:
    reader = CsvReader(ImportOptions(), RECIFE)
    reader.feed(b"title,event_date,city\n" + text)
    reader.close()
    rows = []
    while not reader.is_hungry:
        rows += reader.rows()
    assert (reader.dialect or {}).get("date_format") == expected
    assert rows[-1].fields is not None
    assert rows[-1].fields.event_date == "2026-07-13T00:00:00"
    assert (rows[0].fields is None) == (expected is None)


@pytest.mark.parametrize(
    ("name", "mapping"),
    [
        (
            "google_calendar.csv",
            {
                "title": "Subject",
                "description": "Description",
                "event_date": "Start Date",
                "event_time": "Start Time",
                "local_info.location_name": "Location",
            },
        ),
        (
            "numbers.csv",
            {"title": "Título", "event_date": "Data", "city": "Cidade"},
        ),
        (
            "google_sheets.csv",
            {
                "title": "Título",
                "event_date": "Data",
                "city": "Cidade",
                "local_info.capacity": "Capacidade",
                "local_info.location_name": "Local",
            },
        ),
        ("seats_without_a_place.csv", {"title": "Título", "event_date": "Data", "city": "Cidade"}),
        ("unknown_names.csv", {"event_date": "quando acontece"}),
        ("ids_as_evento.csv", {"description": "Descrição", "event_date": "Data", "city": "Cidade"}),
        ("twins.csv", {"title": "Título", "city": "Cidade"}),
        ("mac_roman.csv", {"title": "título", "event_date": "data", "city": "cidade"}),
    ],
)
def test_a_proposal_uses_column_names_and_values(name: str, mapping: Mapping[str, str]) -> None:
    seen = preview((CORPUS / name).read_bytes(), truncated=False, options=ImportOptions(), timezone=RECIFE)
    assert seen.mapping == mapping


def test_the_preview_lists_unused_columns_and_possible_encodings() -> None:
    content = (CORPUS / "eventbrite.csv").read_bytes()
    seen = preview(content, truncated=False, options=ImportOptions(), timezone=RECIFE)
    assert seen.unused[0] == {"column": 1, "name": "Event ID", "values": ["881234567890", "881234567891"]}
    content = (CORPUS / "cp850.csv").read_bytes()
    seen = preview(content, truncated=False, options=ImportOptions(), timezone=RECIFE)
    assert seen.encodings == ("cp850",)
    assert seen.rows[0].fields is not None
    assert seen.rows[0].fields.title == "São João"
    assert seen.fault is not None


def test_a_header_in_one_cell_is_explained() -> None:
    reader, _ = read("quoted_lines.csv", {}, 1 << 20)
    assert reader.fault is not None
    assert "in one cell" in reader.fault.message


def test_unused_columns_are_reported_with_their_first_values() -> None:
    reader, _ = read("time_not_used.csv", {}, 1 << 20)
    assert reader.columns is not None
    assert reader.columns[2] == {"name": "Portões", "field": None, "values": ["18:00", "19:00"]}
