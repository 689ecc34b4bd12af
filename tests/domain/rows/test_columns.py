"""Which column is which field, where a name alone does not say."""

import pytest

from domain.problems import Problem
from domain.rows.columns import Columns, match_columns, needs_values

DATES = ["2027-05-23 19:00", "24/05/2027", ""]
TIMES = ["19:00", "19h30", ""]


def fields(names: list[str], column: list[str], **given: object) -> dict[str, int] | str:
    sample = [["Mostra", cell, "Recife"] for cell in column]
    found = match_columns(names, sample=sample, **given)  # type: ignore[arg-type]
    return found.code if isinstance(found, Problem) else found.index


@pytest.mark.parametrize("name", ["start_time", "Hora", "Horário", "Início", "Período", "Quando"])
def test_a_column_of_times_holds_the_dates_of_a_file_that_has_no_others(name: str) -> None:
    names = ["title", name, "city"]
    assert needs_values(names)
    assert fields(names, DATES) == {"title": 0, "event_date": 1, "city": 2}
    assert fields(names, TIMES) == "missing_columns"


def test_a_column_of_times_stays_what_it_is_beside_dates_or_where_somebody_says_so() -> None:
    beside = match_columns(
        ["title", "start_time", "city", "data"], sample=[["A", DATES[0], "B", "2027-05-23"]]
    )
    assert isinstance(beside, Columns)
    assert (beside.index["event_time"], beside.index["event_date"]) == (1, 3)
    assert fields(["title", "hora", "city"], DATES, mapping={"event_time": "hora"}) == "missing_columns"
    given = fields(["title", "hora", "city"], DATES, defaults={"event_date": "2027-05-23"})
    assert given == {"title": 0, "event_date": 1, "city": 2}
