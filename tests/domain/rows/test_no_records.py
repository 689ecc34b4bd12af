"""Rows that are no records: totals, headers once more, and those that defaults would make events of."""

from zoneinfo import ZoneInfo

import pytest

from domain.csv.reader import CsvReader
from domain.imports import ImportOptions
from domain.rows.row_batch import RowBatch

ZONE = ZoneInfo("America/Recife")
ONE_DAY = {"city": "R", "event_date": "2026-06-24"}
HEAD = "Título;Data;Cidade;Local;Vagas"
TITLES_OF_TOTALS = [
    *(
        "Domingo Total",
        "Sábado Total",
        "Total May",
        "Total Sessions",
        "Average People",
        "Média de Ouro",
        "Soma",
    ),
    *("Total 90", "Grand Total Fitness", "Promedio de Vida", "Medias de Lã", "Total Eclipse", "Média"),
]


def read(text: str, *, is_careful: bool = False, **options: object) -> tuple[list[str], dict[str, int]]:
    """Return titles or first codes of the rows, and the warnings."""
    reader = CsvReader(ImportOptions(**options), ZONE)  # type: ignore[arg-type]
    if is_careful:
        reader._read_fast = lambda _stop, _rows: RowBatch.empty()  # type: ignore[method-assign]
    reader.feed(text.encode())
    reader.close()
    rows = []
    while not reader.is_hungry:
        rows += reader.rows()
    told = {warning["code"]: warning["count"] for warning in reader.warnings}
    told.pop("ignored_columns", None)
    return [row.fields.title if row.fields else row.errors[0].code for row in rows], told


@pytest.mark.parametrize(
    ("head", "line", "code"),
    [
        ("Título;Descrição;Local", "Título;Descrição;Local", "repeated_header"),
        ("Título;Preço", "TÍTULO;preço", "repeated_header"),
        ("Evento", "EVENTO", "repeated_header"),
        ("Título;Vagas", "Total do dia;300", "total_row"),
        ("Título;Cidade", "Título;Cidade", "repeated_header"),
        (HEAD, "TOTAL;;;;300", "total_row"),
        (HEAD, "TOTAL;;;;", "total_row"),
        (HEAD, "SUBTOTAL;;;;300", "total_row"),
        (HEAD, "Total de vagas;;;;300", "total_row"),
        (HEAD, "----;----;----;----;----", "separator_row"),
        ("Título", "Total: 3", "total_row"),
    ],
)
@pytest.mark.parametrize("is_careful", [False, True])
def test_defaults_make_no_event_of_what_is_no_record(
    head: str, line: str, code: str, is_careful: bool
) -> None:
    event = "Festa" + ";" * head.count(";")
    told = read(f"{head}\n{event}\n{line}\n{event}\n", is_careful=is_careful, defaults=ONE_DAY)
    assert told[0] == ["Festa", "Festa"]
    assert told[1][code] == 1


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (HEAD, "Total Eclipse;;;Sala;300"),
        (HEAD, "Totalmente Demais;;;;"),
        (HEAD, "TOTAL;24/06/2026;;;"),
        (HEAD, "Evento;25/06/2026;;Sala;"),
        (HEAD, "Evento;;;Sala;"),
        (HEAD, "U2;;;Total;"),
        ("Título", "Total Eclipse"),
        ("Título", "Total 90"),
        ("Título", "Soma"),
        ("Título", "Evento"),
        ("Título;Local", "Show;Sede"),
        ("Título;Local", "Show;Local"),
        ("Show;Preço", "Show;30"),
        ("Atividade;Turma", "Atividade;A"),
        ("Título;Local;Participantes", "Show;Sede;Convidados"),
        ("Evento;Local;Descrição", "Evento;;Artistas"),
        ("Show;Local;Vagas", "Show;Público;"),
        *(("Título;Vagas", f"{title};300") for title in TITLES_OF_TOTALS),
    ],
)
@pytest.mark.parametrize("is_careful", [False, True])
def test_an_event_that_looks_like_a_total_or_a_header_stays(head: str, line: str, is_careful: bool) -> None:
    titles, told = read(f"{head}\n{line}\n", is_careful=is_careful, defaults=ONE_DAY)
    assert titles == [line.split(";", maxsplit=1)[0]]
    assert not told.keys() & {"total_row", "repeated_header", "other_table", "separator_row"}


def test_below_another_header_its_own_header_is_never_an_event() -> None:
    text = "Título;Data;Local\nA;;Hall\nTítulo;Local;Data\nX;Sala;3\nEvento;Dia;Lugar\nB;;Hall\n"
    titles, told = read(text, defaults=ONE_DAY)
    assert "Evento" not in titles
    assert titles[-1] == "B"
    assert told["repeated_header"] == 1


def test_a_title_that_the_uploader_gives_is_an_event() -> None:
    text = "Título;Vagas\nTOTAL;300\n"
    titles, _ = read(text, defaults=ONE_DAY, values={"title": {"TOTAL": "Total, o Show"}})
    assert titles == ["Total, o Show"]
