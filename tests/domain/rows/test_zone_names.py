"""Time zones in the names of columns."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from domain.problems import Problem
from domain.rows.columns import Columns, match_columns
from domain.rows.zone_names import is_of_another_zone, is_zone_of

RECIFE, MANAUS, YORK = (ZoneInfo(f"America/{name}") for name in ("Recife", "Manaus", "New_York"))


@pytest.mark.parametrize(
    "name",
    [
        *("Time (ET)", "Start (PST)", "Time (GMT-4)", "Time (GMT+1)", "Hora [UTC+02:00]", "Start (CET)"),
        *("Time (America/New_York)", "Time (Eastern Time)", "Time (-04:00)", "Hora (horário de Manaus)"),
        *("Start (Pacific Standard Time)", "Hora (UTC\u22124)"),
        *(
            f"data ({zone})"
            for zone in (
                *("Cuiabá", "horário de Cuiabá", "Rio Branco", "Acre", "Fernando de Noronha", "AMT", "ACT"),
                *("America/Port-au-Prince", "Etc/GMT+5", "Lisbon", "Paris", "IST", "EAT", "NZST", "eastern"),
                *("SA Western Standard Time", "India Standard Time", "Manaus", "London"),
            )
        ),
    ],
)
def test_zones_with_other_clocks_are_recognised(name: str) -> None:
    assert is_of_another_zone(name, RECIFE)


@pytest.mark.parametrize(
    ("name", "timezone"),
    [
        ("Hora (horário de Brasília)", RECIFE),
        ("Horário (Brasília)", RECIFE),
        ("Hora (GMT-3)", RECIFE),
        ("Hora (BRT)", RECIFE),
        ("Time (GMT-4)", MANAUS),
        ("Time (ET)", YORK),
        ("Time (EST)", YORK),
        ("Time (IST)", ZoneInfo("Asia/Kolkata")),
        ("Hora (ART)", RECIFE),
        ("Hora (Buenos Aires)", RECIFE),
        ("Data (nome)", RECIFE),
        ("Data (reunión)", RECIFE),
        ("Time (local)", UTC),
        ("Hora (HH:MM)", UTC),
        ("Data (PT)", RECIFE),
        ("Time (24h)", RECIFE),
        ("Data (dd-mm)", RECIFE),
        ("Time (Mars/Olympus)", RECIFE),
        ("Hora GMT-4", RECIFE),
    ],
)
def test_the_zone_of_the_server_and_other_words_are_fine(name: str, timezone: ZoneInfo) -> None:
    assert not is_of_another_zone(name, timezone)


@pytest.mark.parametrize("zone", ["ART", "Buenos Aires", "IST", "Recife"])
def test_a_word_for_a_zone_that_may_be_another_is_recognised(zone: str) -> None:
    assert is_of_another_zone(f"data ({zone})", ZoneInfo("Europe/Madrid"))


def test_columns_in_another_zone_are_used_only_by_mapping() -> None:
    names, row = ["Event", "Date", "Time (ET)", "City"], ["A", "2026-03-05", "19:00", "Recife"]
    found = match_columns(names, sample=[row], timezone=RECIFE)
    assert isinstance(found, Columns)
    assert ("event_time" in found.index, found.ignored) == (False, (2,))
    mapped = match_columns(names, {"event_time": "Time (ET)"}, sample=[row], timezone=RECIFE)
    assert isinstance(mapped, Columns)
    assert mapped.index["event_time"] == 2
    ours = match_columns(names, sample=[row], timezone=YORK)
    assert isinstance(ours, Columns)
    assert ours.index["event_time"] == 2


def test_a_column_in_another_zone_is_used_where_its_cells_say_their_offsets() -> None:
    names = ["Event", "Event Date (ET)", "City"]
    rows = [["A", f"2026-03-05T19:00:00{offset}", "Recife"] for offset in ("-05:00", "Z")]
    found = match_columns(names, sample=rows, timezone=RECIFE)
    assert isinstance(found, Columns)
    assert found.index["event_date"] == 1
    assert isinstance(
        match_columns(names, sample=[*rows, ["B", "2026-03-05", "Olinda"]], timezone=RECIFE), Problem
    )


@pytest.mark.parametrize("name", ["Start (PST)", "Start (UTC)", "Date (GMT-4)", "Start UTC"])
def test_a_file_whose_dates_are_in_another_zone_says_so(name: str) -> None:
    row = ["A", "2026-03-05 19:00", "Recife"]
    found = match_columns(["Event", name, "City"], sample=[row], timezone=RECIFE)
    assert isinstance(found, Problem)
    assert (found.code, found.rule, found.value) == ("missing_columns", "zone", name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("America/Recife", True),
        ("America/Sao_Paulo", True),
        ("(UTC-03:00) Brasília", True),
        ("-03:00", True),
        ("BRT", True),
        ("Brasília", True),
        ("E. South America Standard Time", True),
        ("america/recife", True),
        ("Recife", True),
        ("Cuiabá", False),
        ("IST", False),
        ("America/New_York", False),
        ("UTC", False),
        ("(GMT-4:00) Manaus", False),
        ("Mars/Olympus", False),
        ("?", False),
    ],
)
def test_a_cell_of_a_column_of_zones_is_that_of_the_server_or_not(text: str, expected: bool) -> None:
    assert is_zone_of(text, RECIFE) is expected
