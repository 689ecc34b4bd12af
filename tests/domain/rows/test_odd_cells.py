"""Cells that are stored as they stand, and told by a warning."""

import itertools
import json
from zoneinfo import ZoneInfo

import pytest

from api.services.imports.file_source import READERS
from domain.csv.reader import CsvReader
from domain.files.preview import preview
from domain.imports import ImportOptions
from domain.rows.columns import FIELDS
from domain.rows.row_parser import Row

RECIFE = ZoneInfo("America/Recife")
HEADER = ("Título", "Data", "Cidade", "Participantes", "Descrição", "Local")
ROW = ("Mostra", "2026-03-05T19:00:00", "Natal", "Ana;Bia", "", "Teatro")


def read(*rows: dict[str, str]) -> tuple[list[Row], dict[str, int]]:
    """Return the rows and warnings of a file whose rows differ from `ROW` in some columns."""
    names = [*HEADER, *(name for name in rows[0] if name not in HEADER)]
    usual = dict(zip(HEADER, ROW, strict=True))
    quoted = [[{**usual, **row}[name].replace('"', '""') for name in names] for row in rows]
    lines = [",".join(names), *(",".join(f'"{cell}"' for cell in cells) for cells in quoted)]
    reader = CsvReader(ImportOptions(), RECIFE)
    reader.feed("\n".join(lines).encode())
    reader.close()
    found: list[Row] = []
    while not reader.is_hungry:
        found += reader.rows()
    return found, {
        warning["code"]: warning["count"]
        for warning in reader.warnings
        if warning["code"] not in ("ignored_columns", "repeated_row")
    }


@pytest.mark.parametrize("word", ["NA", "N/A", "NaN", "null", "None", "n/d", "-", "--", "?"])
@pytest.mark.parametrize("column", ["Título", "Cidade", "Participantes", "Descrição", "Local"])
def test_words_for_nothing_are_stored_and_told(column: str, word: str) -> None:
    rows, warnings = read({column: word}, {}, {column: word})
    if column == "Local" and word == "null":
        assert warnings == {}
    elif column == "Local" and len(word) < 2:
        assert [row.fields is None for row in rows] == [True, False, True]
    else:
        assert warnings == {"placeholder": 2}
        assert rows[0].fields is not None
        stored = {
            "Título": rows[0].fields.title,
            "Cidade": rows[0].fields.city,
            "Participantes": ";".join(rows[0].fields.participants),
            "Descrição": rows[0].fields.description,
            "Local": rows[0].fields.local_info.location_name if rows[0].fields.local_info else "",
        }
        assert stored[column] == word


@pytest.mark.parametrize("word", ["Idem", "\u3003", "-//-", "A definir", "TBA", "???", "(a confirmar)"])
@pytest.mark.parametrize("column", ["T\u00edtulo", "Cidade", "Participantes", "Local", "Endere\u00e7o"])
def test_words_for_what_is_open_or_repeated_are_stored_and_told(column: str, word: str) -> None:
    place = {"Endere\u00e7o": "", **({} if column == "Local" else {"Local": "Teatro"})}
    rows, warnings = read({**place, column: word}, place, {**place, column: word})
    if column == "Local" and len(word) < 2:
        assert [row.fields is None for row in rows] == [True, False, True]
    else:
        assert warnings == {"placeholder": 2}
        assert all(row.fields is not None for row in rows)


def test_real_places_and_titles_are_not_told() -> None:
    rows = read(
        {
            "T\u00edtulo": "TBA ao vivo",
            "Cidade": "Xique-Xique",
            "Local": "Mesma Pra\u00e7a",
            "Participantes": "Same",
        },
        {"T\u00edtulo": "!!!", "Cidade": "Porto Alegre", "Descri\u00e7\u00e3o": "A definir"},
    )
    assert rows[1] == {}


@pytest.mark.parametrize(
    ("column", "code", "rule"),
    [
        ("local_info", "invalid_json", "nothing"),
        ("Capacidade", "invalid_type", "nothing"),
        ("Acessível", "invalid_type", "nothing"),
        ("Tipo de local", "unknown_venue_type", "nothing"),
        ("Hora", "invalid_date", "nothing"),
    ],
)
@pytest.mark.parametrize("word", ["NA", "-", "n/d"])
def test_a_word_for_nothing_where_no_text_may_be_is_refused_with_what_to_do(
    column: str, code: str, rule: str, word: str
) -> None:
    ((row,), _) = read({column: word, "Data": "2026-03-05"})
    assert [(problem.code, problem.rule, problem.value) for problem in row.errors] == [(code, rule, word)]
    assert "clear the cell" in row.errors[0].message


@pytest.mark.parametrize(
    "cell",
    [
        *("Ana, Bia e Caio", "Ana <a@x.org>, Bia <b@x.org>", "Ana/Bia/Caio", "Ana | Bia", "Ana • Bia"),
        *("{Ana,Bia}", "12 pessoas", "todos", "Ana, Bia, Caio", "a@x.org b@x.org", "Todas", "[Ana]", "12"),
        *(
            "Ana\uff1bBia",
            "Ana\uff0cBia\uff0cCaio",
            "ana,bia",
            "Ana \u00b7 Bia",
            "Ana + Bia",
            "1. Ana 2. Bia",
        ),
        *("Ana\tBia", "1) Ana 2) Bia"),
        *("Ana Silva, Rui Melo", "Ana Silva,Rui Melo", "Ana Silva e Rui Melo", "Ana Silva & Rui Melo"),
        *(
            "Ana Silva y Rui Melo",
            "Ana Silva and Rui Melo",
            "ANA SILVA E RUI MELO",
            "Ana da Silva, Rui de Melo",
        ),
        *("Ângela Ávila e Óscar Íris", "Ana M. Silva, Rui O'Neil-Melo"),
    ],
)
def test_several_participants_without_a_semicolon_are_told(cell: str) -> None:
    rows, warnings = read({"Participantes": cell})
    assert warnings == {"unlikely_participant": 1}
    assert rows[0].fields is not None
    assert rows[0].fields.participants == (cell,)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "Silva, João",
            "Maria e José",
            "AC/DC",
            "50 Cent",
            "3 Doors Down",
            "Ana",
            "",
            "Ana, Bia; Caio, Davi",
        ),
        *("Souza & Filhos", "Maria (mãe)", "ana@x.org", "Allan", "Ana-Maria d'Ávila", "Jay-Z"),
        *(
            "Zezé Di Camargo & Luciano",
            "Silva Santos, Ana",
            "Dolce & Gabbana",
            "Silva e Filhos",
            "SILVA E FILHOS",
        ),
        *("Ernesto Melo e Castro", "Silva, Ana Maria", "Ana Silva, palestrante", "Maria da Silva"),
        *("Silva,João", "Gal\u00b7la Placídia", "Ed+Co", "1. FC Köln"),
    ],
)
def test_one_name_is_not_told(cell: str) -> None:
    assert read({"Participantes": cell})[1] == {}


@pytest.mark.parametrize(
    "cell",
    [
        *("2026-12-03", "03/12/2026", "2026-12-03T19:30:00", "3 de dezembro de 2026", "qui, 03 dez 2026"),
        *("19:30", "19h", "7:30 PM", "true", "FALSE", "Verdadeiro", "falso", " 2026-12-03 "),
    ],
)
@pytest.mark.parametrize("column", ["Título", "Cidade", "Local"])
def test_a_date_a_time_or_a_flag_where_a_name_belongs_is_told(column: str, cell: str) -> None:
    rows, warnings = read({column: cell}, {}, {column: cell})
    assert warnings == {"unlikely_text": 2}
    assert all(row.fields is not None for row in rows)


@pytest.mark.parametrize(
    "cell",
    ["1984", "24 horas de samba", "1º de Maio", "Sim", "Verdade", "Sexta 13", "Dezembro", "Segunda 2026"],
)
def test_a_name_with_a_number_or_a_day_in_it_is_not_told(cell: str) -> None:
    assert read({"Título": cell, "Local": cell, "Cidade": cell})[1] == {}


def test_a_date_in_a_description_or_a_list_of_names_is_not_told() -> None:
    assert read({"Descrição": "2026-12-03", "Participantes": "True"})[1] == {}


@pytest.mark.parametrize(
    ("column", "cell", "count"),
    [
        ("Status", "Cancelado", 1),
        ("Situação", "CANCELADA ", 1),
        ("Cancelado", "Sim", 1),
        ("Cancelled", "true", 1),
        ("Situação do evento", "Cancelado", 1),
        ("Event Status", "EventCancelled", 1),
        ("eventStatus", "https://schema.org/EventCancelled", 1),
        ("Event Status", "https://schema.org/EventScheduled", 0),
        ("Status", "Confirmado", 0),
        ("Status", "Sim", 0),
        ("Cancelado", "Não", 0),
        ("Cancelado", "", 0),
        ("Política", "Cancelado", 0),
    ],
)
def test_cancelled_rows_of_a_table_are_told(column: str, cell: str, count: int) -> None:
    rows, warnings = read({column: cell}, {column: ""})
    assert [row.fields is not None for row in rows] == [True, True]
    assert warnings.get("cancelled_row", 0) == count


@pytest.mark.parametrize("name", ["Event Timezone", "Fuso horário", "Time Zone", "tz"])
@pytest.mark.parametrize(
    ("zone", "date", "count"),
    [
        ("America/New_York", "2026-03-05 19:00", 1),
        ("America/New_York", "2026-03-05", 1),
        ("America/New_York", "2026-03-05T19:00:00-05:00", 0),
        ("America/New_York", "2026-03-05T19:00:00Z", 0),
        ("America/Recife", "2026-03-05 19:00", 0),
        ("", "2026-03-05 19:00", 0),
    ],
)
def test_a_time_zone_in_a_column_of_its_own_is_told(name: str, zone: str, date: str, count: int) -> None:
    assert read({name: zone, "Data": date})[1].get("zone_not_used", 0) == count


@pytest.mark.parametrize(
    "name", ["Carimbo de data/hora", "Data de conclusão", "Horário de término", "Carga horária"]
)
def test_other_times_are_not_taken_for_those_of_events(name: str) -> None:
    cell = "08:00" if name.endswith(("término", "horária")) else "2026-03-01 08:00"
    assert read({name: cell, "Data": "2026-03-05"})[1] == {}
    assert read({"Sessão": "08:00", "Data": "2026-03-05"})[1] == {"time_not_used": 1}


@pytest.mark.parametrize("place", ["[Online] Google Meet", "[a definir]", "{Sala 1}", "{Sala} 1", "[Sala 1]"])
def test_a_place_may_begin_with_a_bracket(place: str) -> None:
    rows, _ = read({"Local": place})
    assert rows[0].fields is not None
    assert rows[0].fields.local_info is not None
    assert rows[0].fields.local_info.location_name == place


@pytest.mark.parametrize("cell", ['{"location_name":"Teatro"}', ' { "location_name": "Teatro"}'])
def test_an_object_in_a_column_of_places_is_json(cell: str) -> None:
    rows, _ = read({"Local": cell})
    assert rows[0].fields is not None
    assert rows[0].fields.local_info is not None
    assert rows[0].fields.local_info.location_name == "Teatro"


@pytest.mark.parametrize(
    "cell", ['{"a', "{'location_name': 'Teatro'}", "{“a”: 1}", "{location_name: 1}", "{"]
)
def test_what_tries_to_be_an_object_is_refused_as_json(cell: str) -> None:
    rows, _ = read({"Local": cell})
    assert [problem.code for problem in rows[0].errors] == ["invalid_json"]


@pytest.mark.parametrize(
    ("cell", "value"), [("1.0", True), ("0.0", False), ("1,0", True), ("0,0", False), ("1.00", True)]
)
def test_a_flag_may_be_written_as_a_number(cell: str, value: bool) -> None:
    rows, _ = read({"Acessível": cell})
    assert rows[0].fields is not None
    assert rows[0].fields.local_info is not None
    assert rows[0].fields.local_info.is_accessible is value


@pytest.mark.parametrize("cell", ["2.0", "10.0", "1.5", "01.0"])
def test_other_numbers_are_no_flags(cell: str) -> None:
    rows, _ = read({"Acessível": cell})
    assert [problem.code for problem in rows[0].errors] == ["invalid_type"]


@pytest.mark.parametrize(
    "city", ["Recife\u200b", "\ufeffRecife", "Reci\u00adfe", " Recife", "Recife\u00a0", "Recife\n"]
)
def test_a_city_is_the_same_whatever_nobody_sees_in_it(city: str) -> None:
    rows, _ = read({"Cidade": city, "Local": f"Teatro  de {city}"}, {})
    assert rows[0].fields is not None
    assert rows[0].fields.local_info is not None
    assert (rows[0].fields.city, rows[0].fields.local_info.location_name) == ("Recife", "Teatro de Recife")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        *(("Horários", "19h às 22h"), ("Início", "19"), ("Início", "a definir"), ("Hours", "9am-5pm")),
        *(("When", "7:30 PM - 9:00 PM"), ("Período", "19h às 22h"), ("Abertura", "19h")),
        ("Sessões", "16h, 18h30 e 21h"),
    ],
)
def test_times_that_are_left_out_beside_a_date_are_told(name: str, cell: str) -> None:
    assert read({name: cell, "Data": "2026-03-05"})[1] == {"time_not_used": 1}
    assert read({name: cell, "Data": "2026-03-05T19:00:00"})[1].get("time_not_used") is None


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        *(("Dia", "sábado"), ("Período", "manhã"), ("Término", "19h"), ("Duração", "2h"), ("Preço", "10,30")),
        *(("Sala", "3"), ("Faixa", "3-5"), ("Nota", "1, 2 e 3")),
    ],
)
def test_what_is_no_time_is_not_told(name: str, cell: str) -> None:
    assert read({name: cell, "Data": "2026-03-05"})[1] == {}


CELLS = ("Teatro", "NA", "a definir", "2026-01-01", "Ana;Bia", "", '{"location_name":"A"}', "300", "19:30")
SHARED = ("title", "event_date", "city", "x")
TABLE = [dict(zip(SHARED, ("Mostra", "2026-03-05", "Natal", cell), strict=True)) for cell in CELLS]
_LINES = [[*SHARED], *([*row.values()] for row in TABLE)]
AS_CSV = "\n".join(";".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in _LINES)
PAIRS = [*itertools.combinations(FIELDS, 2)]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_any_two_fields_may_share_a_column(pair: tuple[str, str]) -> None:
    for at, name in enumerate(SHARED, 1):
        for place in (name, f"#{at}"):
            options = ImportOptions(mapping=dict.fromkeys(pair, place))
            for kind, text in (("csv", AS_CSV), ("json", json.dumps(TABLE))):
                reader = READERS[kind](options, RECIFE)  # type: ignore[index]  # a kind of table
                reader.feed(text.encode())
                reader.close()
                found: list[Row] = []
                while not reader.is_hungry:
                    found += reader.rows()
                assert reader.fault or len(found) == len(TABLE)
                seen = preview(
                    text.encode(),
                    truncated=False,
                    options=options,
                    timezone=RECIFE,
                    kind=READERS[kind],  # type: ignore[index]
                )
                assert seen.fault or len(seen.rows) == len(TABLE)


def test_a_description_that_is_the_title_as_well_is_looked_at_as_a_title() -> None:
    reader = CsvReader(ImportOptions(mapping={"title": "x", "description": "x"}), RECIFE)
    reader.feed(b"x,event_date,city\n2026-01-01,2026-03-05,Natal\nA definir,2026-03-05,Natal\n")
    reader.close()
    reader.rows()
    codes = {warning["code"]: warning["count"] for warning in reader.warnings}
    assert (codes["unlikely_text"], codes["placeholder"]) == (1, 1)
