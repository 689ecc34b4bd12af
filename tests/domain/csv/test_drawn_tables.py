"""Tables as databases and Markdown draw them: rulers and counts of rows are no records."""

from zoneinfo import ZoneInfo

import pytest

from domain.csv.reader import CsvReader
from domain.imports import ImportOptions
from domain.rows.looks import is_count_of_rows, is_ruler

RECIFE = ZoneInfo("America/Recife")


def read(text: str, options: ImportOptions | None = None) -> tuple[list[str], int, dict[str, int]]:
    """Return the titles of a text's events, how many rows are rejected, and the warnings."""
    reader = CsvReader(options or ImportOptions(), RECIFE)
    reader.feed(text.encode())
    reader.close()
    rows = []
    while not reader.is_hungry:
        rows += reader.rows()
    assert reader.fault is None
    titles = [row.fields.title for row in rows if row.fields]
    told = {warning["code"]: warning["count"] for warning in reader.warnings}
    told.pop("ignored_columns", None)
    return titles, len(rows) - len(titles), told


PSQL = """\
 id | titulo | data                | cidade
----+--------+---------------------+--------
  1 | Show A | 2026-12-13 19:00:00 | Recife
  2 | Show B | 2026-12-14 20:00:00 | Olinda
(2 rows)
"""
MYSQL = """\
+----+--------+---------------------+--------+
| id | titulo | data                | cidade |
+----+--------+---------------------+--------+
|  1 | Show A | 2026-12-13 19:00:00 | Recife |
+----+--------+---------------------+--------+
1 row in set (0.00 sec)
"""
MARKDOWN = """\
# Agenda

| Título | Data | Cidade | Hora |
|:-------|:----:|-------:|---|
| Show A | 13/12/2026 | Recife | 19h |
| Show B | 14/12/2026 | Olinda | 20h |
"""
ORG = "| titulo | data | cidade |\n|--------+------+--------|\n| A | 2026-12-13 | Recife |\n"
RULED = "titulo;data;cidade\n======;====;======\nA;2026-12-13;Recife\n______;____;______\n"
SHORT = "data;titulo;cidade;hora\n--;--;--;--\n13/12/2026;A;Recife;19h\n(1 registro)\n"
COPIED = "titulo\tdata\tcidade\tdescricao\nA\t2026-12-13\tRecife\tx\n\\.\n"


@pytest.mark.parametrize(
    ("text", "titles", "told"),
    [
        (PSQL, ["Show A", "Show B"], {"separator_row": 1, "total_row": 1}),
        (MYSQL, ["Show A"], {"rows_above_header": 1, "separator_row": 2, "total_row": 1}),
        (MARKDOWN, ["Show A", "Show B"], {"rows_above_header": 1, "separator_row": 1}),
        (ORG, ["A"], {"separator_row": 1}),
        (RULED, ["A"], {"separator_row": 2}),
        (SHORT, ["A"], {"separator_row": 1, "total_row": 1}),
        (COPIED, ["A"], {"separator_row": 1}),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_drawn_table_is_read_without_its_rulers(
    text: str, titles: list[str], told: dict[str, int], end: str
) -> None:
    assert read(text.replace("\n", end)) == (titles, 0, told)


def test_a_mended_row_is_never_passed_over() -> None:
    assert read(PSQL, ImportOptions(repairs_of="u"))[1] == 2


@pytest.mark.parametrize(
    "row",
    [
        *(["----+----"], ["---", "---"], ["", ":--", ":-:", "-:", ""], ["+---+"], ["===", " ==== "], ["\\."]),
        *(["--"], ["_____", ""], ["\u2500\u2500\u2500\u253c\u2500\u2500"], ["|---|"], ["-+-", "--"]),
    ],
)
def test_a_ruler_is_known(row: list[str]) -> None:
    assert is_ruler(row)


@pytest.mark.parametrize(
    "row",
    [
        *([], [""], ["-"], ["-", "-", "-"], ["---", "A"], ["-A-"], ["+"], [":"], ["- -"], ["?"], ["\\N"]),
        *(["A", "---"], ["+55 81"], ["-1"], ["=1+1"], ["\\"]),
    ],
)
def test_other_rows_are_no_rulers(row: list[str]) -> None:
    assert not is_ruler(row)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(2 rows)",
            "(1 row)",
            "(2 registros)",
            "(1 linha)",
            "2 rows in set (0.00 sec)",
            "(3 rows affected)",
        ),
        *("2 rows selected.", "Empty set (0.01 sec)", "12 linhas", "(2 filas)", "1 row in set, (0,00 sec)"),
    ],
)
def test_a_count_of_rows_is_known(text: str) -> None:
    assert is_count_of_rows([text, "", " "])


@pytest.mark.parametrize(
    "row",
    [
        ["2 rows of seats"],
        ["Rows"],
        ["2"],
        ["(2)"],
        ["2 rows", "Recife"],
        [],
        [""],
        ["24 horas"],
        ["2 shows"],
    ],
)
def test_other_rows_are_no_counts(row: list[str]) -> None:
    assert not is_count_of_rows(row)
