"""Tables that are not what their first header says: totals, second headers, torn rows, other delimiters."""

from zoneinfo import ZoneInfo

import pytest

from domain.csv.reader import CsvReader
from domain.imports import ImportOptions
from domain.rows.row_parser import Row

ZONE = ZoneInfo("America/Recife")
HEAD = "Título;Data;Cidade;Local\n"


def _read(text: str, *, mended: bool = False, at_once: bool = True) -> tuple[list[Row], dict[str, int]]:
    """Return the rows and the warnings; not `at_once`: by bytes, from a checkpoint after each batch."""
    options = ImportOptions(repairs_of="u" if mended else None)
    reader, content = CsvReader(options, ZONE), text.encode()
    rows: list[Row] = []
    position = 0
    while not reader.has_ended:
        step = len(content) if at_once else 16
        reader.feed(content[position : position + step])
        position += step
        if position >= len(content):
            reader.close()
        while not reader.is_hungry:
            before = reader.offset
            rows += reader.rows()
            if not at_once and reader.offset > before:
                reader = CsvReader.load(reader.dump(), options, ZONE)
                position = reader.offset
                break
            if reader.offset == before:
                break
    return rows, {one["code"]: one["count"] for one in reader.warnings}


def _told(rows: list[Row]) -> list[str]:
    return [row.fields.title if row.fields else row.errors[0].code for row in rows]


@pytest.mark.parametrize(
    "line",
    [
        *("TOTAL;;;1200", "Subtotal;;;", "Total geral: 2;;;", "Total de eventos: 3;;;", "Grand total;;;9"),
        *("Soma;;;R$ 1.200,00", "Total de vagas;;;300", "Totais;3;;12 eventos", "Sum;;;"),
    ],
)
def test_a_line_of_totals_is_no_record(line: str) -> None:
    rows, warnings = _read(f"{HEAD}Festa;24/06/2026;R;Sala\n{line}\n")
    assert _told(rows) == ["Festa"]
    assert warnings["total_row"] == 1


@pytest.mark.parametrize(
    "line",
    [
        *(
            "Palestra de IA;;;Total de vagas: 30",
            "Count Basie Orchestra;;;concerto",
            "Suma Flamenca;;;festival",
        ),
        *(
            "Total Eclipse;46197;;concerto",
            "Total Eclipse;;;300",
            "Sum 41;;;",
            "Total de Nada;;;",
            "Somar;;;",
        ),
    ],
)
def test_an_event_with_a_word_of_totals_is_refused_and_not_passed_over(line: str) -> None:
    rows, warnings = _read(f"{HEAD}Festa;24/06/2026;R;Sala\n{line}\n")
    assert len(rows) == 2
    assert {"required"} <= {error.code for error in rows[1].errors}
    assert "total_row" not in warnings


@pytest.mark.parametrize("at_once", [True, False])
def test_rows_below_another_header_are_not_read_by_the_first(at_once: bool) -> None:
    other = "Título;Data;Hora;Cidade\nBaile;25/06/2026;19:30;Olinda\nBaile 2;;;\n"
    text = f"{HEAD}Festa;24/06/2026;Recife;Teatro\n;;;\n{other}{HEAD}Show;26/06/2026;Recife;Arena\n"
    rows, warnings = _read(text, at_once=at_once)
    assert _told(rows) == ["Festa", "other_header", "Show"]
    assert rows[1].line == 4
    assert warnings["other_table"] == 2


@pytest.mark.parametrize("line", ["Show;;Local;", "Quando;;;", "Evento;24/06/2026;Local;Data"])
def test_a_row_of_few_names_is_no_header(line: str) -> None:
    rows, _ = _read(f"{HEAD}{line}\nShow;26/06/2026;Recife;Arena\n")
    assert "other_header" not in _told(rows)
    assert _told(rows)[-1] == "Show"


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Título;Data;Cidade,,,", "Festa;24/06/2026;Recife,,,"),
        ("title,event_date,city;;;", "Festa,2026-06-24,Recife;;;"),
        ("title\tevent_date\tcity,", "Festa\t2026-06-24\tRecife,"),
        # The names are known by the values below them.
        ("Nome;Cidade;Quando,,,", "Festa;Recife;24/06/2026,,,"),
        ("Agenda,,,\nNome,Cidade,Quando;", "Festa,Recife,24/06/2026;"),
    ],
)
def test_delimiters_of_another_kind_behind_header_and_rows_are_none_of_the_text(head: str, row: str) -> None:
    rows, _ = _read(f"{head}\n{row}\n")
    assert [found.fields.city for found in rows if found.fields] == ["Recife"]


def test_a_comma_at_the_end_of_a_cell_stays_where_the_header_has_none() -> None:
    rows, _ = _read("Título;Data;Cidade\nFesta;24/06/2026;Recife,\n")
    assert [found.fields.city for found in rows if found.fields] == ["Recife,"]


def test_json_without_quotes_around_it_is_named() -> None:
    text = 'title,event_date,city,local_info\nA1,2026-01-02,R,{"location_name": "TT", "capacity": 5}\n'
    (row,), _ = _read(text)
    assert [(error.code, error.rule) for error in row.errors] == [("malformed_quote", "json")]


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("S\ufffdo", "encoding_error"),
        ('"""TV 42"""";2026-01-02;Recife\n""Fim"', "malformed_quote"),
        ('"""TV 42"" polegadas"', None),
        ('"""Festa""\nda rua"', None),
        ('"""Ser ou não ser,\neis a questão"" — Shakespeare"', None),
    ],
)
def test_a_mended_row_is_refused_while_it_is_still_torn(title: str, code: str | None) -> None:
    text = f"title;event_date;city\n{title};2026-01-03;R\n"
    (row,), _ = _read(text, mended=True)
    assert [error.code for error in row.errors] == ([code] if code else [])


@pytest.mark.parametrize(
    "line",
    [
        *("Title;Date;City;Venue", "Evento;Data;Cidade;Local", "Nome do evento;Data do evento;Cidade;Espaço"),
        *("título;DATA;cidade;local",),
    ],
)
def test_the_header_in_other_words_is_passed_over_and_what_follows_is_read(line: str) -> None:
    rows, warnings = _read(f"{HEAD}{line}\nFesta;24/06/2026;R;Sala\n{line}\nBaile;25/06/2026;R;Sala\n")
    assert _told(rows) == ["Festa", "Baile"]
    assert warnings == {"repeated_header": 2}


@pytest.mark.parametrize("line", ["Show;a definir;Quando;Artistas", "Show;Data (a confirmar);Espaço;"])
def test_a_row_with_words_of_headers_is_no_header(line: str) -> None:
    rows, warnings = _read(f"{HEAD}{line}\nFesta;24/06/2026;R;Sala\n")
    assert _told(rows)[-1] == "Festa"
    assert len(rows) == 2
    assert "other_table" not in warnings


@pytest.mark.parametrize(
    "line",
    [
        *(
            "TOTAL  GERAL;;;35",
            "Suma total;;;3",
            "Total inscritos;;;35",
            "Total por cidade;;;35",
            "Total;;;-",
        ),
        *("Total (3 eventos);;;", "Total - 3;;;", "Total;;;", "Subtotal;;;12", "Soma;;;R$ 1.200,00"),
    ],
)
def test_a_line_of_totals_is_passed_over(line: str) -> None:
    rows, warnings = _read(f"{HEAD}Festa;24/06/2026;R;Sala\n{line}\n")
    assert (_told(rows), warnings) == (["Festa"], {"total_row": 1})


BELOW = "Baile;2026-07-01;Recife;Teatro\nFrevo;2026-07-02;Olinda;Marco\n"


@pytest.mark.parametrize(
    ("head", "line", "fields"),
    [
        ('Título;Data;"Cidade;Local\n', 1, ("city",)),
        ('Título;"Data;Cidade;Local\n', 1, ("event_date", "city")),
        ('"Título;Data;Cidade;Local\n', 1, ("title", "event_date", "city")),
        ('"Título";"Data";"Cidade\n', 1, ("city",)),
        ('Agenda\n\nTítulo;Data;"Cidade;Local\n', 3, ("city",)),
    ],
)
@pytest.mark.parametrize(
    "below", [BELOW, BELOW.replace("Teatro", '"Teatro"'), BELOW.replace("Teatro", 'o "T"')]
)
def test_a_quote_in_the_header_that_is_not_closed_is_named(
    head: str, line: int, fields: tuple[str, ...], below: str
) -> None:
    reader = CsvReader(ImportOptions(), ZONE)
    reader.feed((head + below).encode())
    reader.close()
    reader.rows()
    fault = reader.fault
    assert fault is not None
    assert (fault.code, fault.rule, fault.params) == (
        "missing_columns",
        "open_quote",
        {"fields": fields, "line": line},
    )


@pytest.mark.parametrize(
    "head",
    [
        'Título;Data;Cidade;"Local\n(bairro)"\n',
        '"Título";"Data";"Cidade"\n',
        'Título;Data;Cidade;Um "nome"\n',
    ],
)
def test_a_quote_in_the_header_that_is_closed_or_a_plain_character_is_no_fault(head: str) -> None:
    names = head.replace("\n(", "(").strip().count(";") + 1
    rows, _ = _read(head + ";".join(["Baile", "2026-07-01", "Recife", "Marco"][:names]) + "\n")
    assert _told(rows) == ["Baile"]


def test_another_missing_column_beside_a_broken_row_is_told_as_such() -> None:
    reader = CsvReader(ImportOptions(), ZONE)
    reader.feed('Título;Data\n"Baile;2026-07-01\nFrevo;2026-07-02\n'.encode())
    reader.close()
    assert reader.fault is None or reader.fault.rule != "open_quote"
