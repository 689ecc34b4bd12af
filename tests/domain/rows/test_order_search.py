"""The order of day and month that the header of a file spells out."""

import pytest

from domain.dates import DateOrder
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
