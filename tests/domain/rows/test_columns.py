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


@pytest.mark.parametrize("name", ["Endereço", "Capacidade", "Vagas", "Tipo de local", "Acessível", "Lotação"])
def test_part_of_a_venue_without_its_name_is_not_used(name: str) -> None:
    header, row = ["Título", "Data", "Cidade", name], ["A", "2026-03-05", "Natal", "1"]
    found = match_columns(header, sample=[row])
    assert isinstance(found, Columns)
    assert (len(found.index), found.ignored) == (3, (3,))
    with_place = match_columns([*header, "Local"], sample=[[*row, "Teatro"]])
    assert isinstance(with_place, Columns)
    assert len(with_place.index) == 5
    mapped = match_columns(header, mapping={"local_info.address": name}, sample=[row])
    assert isinstance(mapped, Columns)
    assert mapped.index["local_info.address"] == 3


def test_our_own_names_of_parts_of_a_venue_are_meant() -> None:
    for name in ("capacity", "address", "local_info.capacity"):
        found = match_columns(["title", "event_date", "city", name])
        assert isinstance(found, Columns)
        assert len(found.index) == 4


@pytest.mark.parametrize(
    "cells",
    [
        ["Prova 1", "Prova 2"],
        ["Evento 1"],
        ["U2", "Blink-182", "Zeca"],
        ["Sala 3", "Sala 4"],
        ["Dia 5 de maio de show"],
    ],
)
def test_titles_with_numbers_are_titles(cells: list[str]) -> None:
    sample = [[cell, "2026-03-05", "Natal"] for cell in cells]
    for name in ("Evento", "Nome", "Name"):
        found = match_columns([name, "Data", "Cidade"], sample=sample)
        assert isinstance(found, Columns)
        assert found.index["title"] == 0


@pytest.mark.parametrize("cells", [["12345", "12346"], ["EV-001", "EV-002"], ["a3f9" * 5], ["sim", "não"]])
def test_ids_and_numbers_are_no_titles(cells: list[str]) -> None:
    sample = [[cell, "2026-03-05", "Natal"] for cell in cells]
    assert isinstance(match_columns(["Evento", "Data", "Cidade"], sample=sample), Problem)


@pytest.mark.parametrize("name", ["Início", "Starts at", "event_start", "start_datetime", "Quando"])
def test_a_start_beside_the_date_is_its_time_and_is_not_passed_over(name: str) -> None:
    header = ["Título", "Data", name, "Cidade"]
    for cell in ("19:30", "2026-03-05 19:30", "05/03/2026 19h30"):
        found = match_columns(header, sample=[["A", "2026-03-05", cell, "Natal"]])
        assert isinstance(found, Columns)
        assert (found.index["event_date"], found.index["event_time"]) == (1, 2)
    for cell in ("2026-03-07", "", "logo"):
        found = match_columns(header, sample=[["A", "2026-03-05", cell, "Natal"]])
        assert isinstance(found, Columns)
        assert (found.index["event_date"], "event_time" in found.index) == (1, False)


@pytest.mark.parametrize(("time", "part"), [("Time", "AM/PM"), ("Hora", "Minuto"), ("Start time", "am pm")])
def test_a_time_in_two_columns_is_asked_about(time: str, part: str) -> None:
    header, row = ["Title", "Date", time, part, "City"], ["A", "2026-03-05", "7:30", "PM", "Recife"]
    found = match_columns(header, sample=[row])
    assert isinstance(found, Problem)
    assert found.code == "duplicate_columns"
    assert part in found.message
    mapped = match_columns(header, mapping={"event_time": time}, sample=[row])
    assert isinstance(mapped, Columns)
    without_time = match_columns(["Title", "Date", part, "City"], sample=[row[:2] + row[3:]])
    assert isinstance(without_time, Columns)


@pytest.mark.parametrize("name", ["", "Period", "am_or_pm", "Turno"])
@pytest.mark.parametrize(
    ("time", "half", "is_asked"),
    [
        *[("7:30", half, True) for half in ("PM", "pm", "p.m.", "AM")],
        *[("19:30", "PM", False), ("7:30 PM", "PM", False), ("7:30", "tarde", False), ("7:30", "", False)],
    ],
)
def test_a_column_of_am_and_pm_beside_a_time_is_asked_about(
    name: str, time: str, half: str, is_asked: bool
) -> None:
    header, row = ["Title", "Date", "Time", name, "City"], ["A", "2026-03-05", time, half, "Recife"]
    found = match_columns(header, sample=[row])
    assert isinstance(found, Problem) is is_asked
    assert needs_values(header)
    assert isinstance(match_columns(header, mapping={"event_time": "Time"}, sample=[row]), Columns)


@pytest.mark.parametrize(("time", "is_asked"), [("19", True), ("19h", True), ("19:30", False)])
def test_minutes_beside_a_whole_hour_are_asked_about(time: str, is_asked: bool) -> None:
    header, row = ["Title", "Date", "Hora", "Min", "City"], ["A", "2026-03-05", time, "30", "Recife"]
    assert isinstance(match_columns(header, sample=[row]), Problem) is is_asked


@pytest.mark.parametrize(
    ("column", "waits"),
    [(["Mostra", ""], False), (["1", "Mostra"], False), (["1", "2"], True), (["", ""], True), ([], True)],
)
def test_one_name_among_the_cells_shows_what_a_column_holds_whatever_follows(
    column: list[str], waits: bool
) -> None:
    sample = [[cell, "2026-07-01", "Recife"] for cell in column]
    assert needs_values(["Evento", "Data", "Cidade"], sample=sample) is waits
    assert needs_values(["Título", "Quando", "Cidade"], sample=sample)
