"""The order of day and month that the header of a file spells out."""

from zoneinfo import ZoneInfo

import pytest

from domain.csv.reader import CsvReader
from domain.dates import DateOrder
from domain.imports import ImportOptions
from domain.rows.columns import Columns, match_columns
from domain.rows.order_search import with_order_of_header


def order_of(name: str, date_format: str = "auto") -> DateOrder:
    columns = match_columns(["Title", name, "City"], {"event_date": name})
    assert isinstance(columns, Columns)
    return with_order_of_header(DateOrder.asked(date_format), columns, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *[
            (name, "dmy")
            for name in (
                *(
                    "Data (DD/MM/AAAA)",
                    "Date (DD/MM/YYYY)",
                    "Fecha [dd-mm-aaaa]",
                    "Data (d/m/aa)",
                    "Data DD.MM.AAAA",
                ),
                *("Data (dia/mês/ano)", "Date (day/month/year)", "Data e hora (DD/MM/AAAA HH:MM)"),
            )
        ],
        *[(name, "mdy") for name in ("Date (MM/DD/YYYY)", "Date (month/day/year)", "date_mm-dd-yy")],
    ],
)
def test_a_name_that_spells_out_the_order_proves_it(name: str, expected: str) -> None:
    found = order_of(name)
    assert (found.format, found.hint, found.hint_line) == ("auto", expected, 3)
    assert (found.unproved().format, found.unproved().line) == (expected, 3)


@pytest.mark.parametrize("name", ["Data", "Date (YYYY-MM-DD)", "Data (dd/mm)", "Data (HH:MM)", "Adm/dm/year"])
def test_other_names_prove_nothing(name: str) -> None:
    assert order_of(name) == DateOrder.asked("auto")


def test_what_the_uploader_says_counts() -> None:
    assert order_of("Data (DD/MM/AAAA)", "mdy") == DateOrder.asked("mdy")


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("name", "dates", "expected"),
    [
        ("Date (MM/DD/YYYY)", ["05/03/2026", "25/03/2026"], ["2026-03-05", "2026-03-25"]),
        ("Data (DD/MM/AAAA)", ["03/05/2026", "03/25/2026"], ["2026-03-05", "2026-03-25"]),
        ("Data (DD/MM/AAAA)", ["05/03/2026 7:30 PM"], ["2026-03-05"]),
        ("Date (MM/DD/YYYY)", ["05/03/2026"], ["2026-05-03"]),
        ("Date (dd/mm/yyyy or mm/dd/yyyy)", ["05/03/2026"], ["ambiguous_date"]),
        ("Data", ["05/03/2026"], ["ambiguous_date"]),
    ],
)
def test_what_the_dates_prove_counts_before_the_header(
    name: str, dates: list[str], expected: list[str], at_once: bool
) -> None:
    lines = [f"Título;{name};Cidade", *(f"Festa;{date};R" for date in dates)]
    content = "".join(f"{line}\n" for line in lines).encode()
    reader = CsvReader(ImportOptions(), ZoneInfo("America/Recife"))
    for start in range(0, len(content), len(content) if at_once else 5):
        reader.feed(content[start : start + (len(content) if at_once else 5)])
    reader.close()
    rows = reader.rows()
    assert [row.fields.event_date[:10] if row.fields else row.errors[0].code for row in rows] == expected
