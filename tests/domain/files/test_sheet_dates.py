"""Real dates of a workbook whose days and months a program of another country exchanged."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files.sheet_dates import with_exchanged_day
from domain.files.sheet_reader import SheetReader
from domain.imports import ImportOptions

ZONE = ZoneInfo("America/Recife")

REAL = ["2026-03-12", "2026-05-12T19:30:00", "2026-11-12", "2026-01-11"]
TEXTS = ["13/12/2026", "25/12/2026 19:30", "30/11/2026", "15/10/2026"]


def read(dates: list[str], *, chunk: int = 1 << 20, **options: Any) -> tuple[list[Any], SheetReader]:
    lines = [{"sheet": "S"}, ["title", "event_date", "city"], *(["A", text, "Recife"] for text in dates)]
    content = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    chosen = ImportOptions(**options)
    reader, rows = SheetReader(chosen, ZONE), []
    for at in range(0, len(content), chunk):
        reader.feed(content[at : at + chunk])
        if at + chunk >= len(content):
            reader.close()
        while not reader.is_hungry:
            found = reader.rows(max_rows=3)
            rows += found
            if not found:
                continue
            # A reader that goes on after a restart knows what was decided.
            fed, reader = reader.offset, SheetReader.load(reader.dump(), chosen, ZONE)
            reader.feed(content[fed : at + chunk])
            if at + chunk >= len(content):
                reader.close()
    return rows, reader


def outcomes(dates: list[str], **options: Any) -> list[str]:
    rows, _ = read(dates, **options)
    return [row.fields.event_date[:10] if row.fields else f"{row.errors[0].rule}" for row in rows]


@pytest.mark.parametrize("chunk", [1, 64, 1 << 20])
@pytest.mark.parametrize("is_first", [True, False])
def test_dates_that_may_be_exchanged_are_refused_with_both_readings(chunk: int, is_first: bool) -> None:
    rows, reader = read([*REAL, *TEXTS] if is_first else [*TEXTS, *REAL], chunk=chunk)
    refused = [row.errors for row in rows if row.fields is None]
    assert [errors[0].suggestions for errors in refused] == [
        (with_exchanged_day(text), text) for text in REAL
    ]
    assert {errors[0].rule for errors in refused} == {"exchanged"}
    assert {errors[0].params["proof"] for errors in refused if errors[0].params} == {6 if is_first else 2}
    accepted = [row.fields.event_date[:10] for row in rows if row.fields]
    assert accepted == ["2026-12-13", "2026-12-25", "2026-11-30", "2026-10-15"]
    assert reader.warnings == []


def test_what_is_the_same_both_ways_is_in() -> None:
    assert outcomes([*REAL, "2026-12-12", *TEXTS])[4] == "2026-12-12"


@pytest.mark.parametrize("order", ["dmy", "iso"])
def test_an_order_that_is_given_takes_them_as_they_stand_with_a_warning(order: str) -> None:
    rows, reader = read([*REAL, "2026-12-12", *TEXTS], date_format=order)
    assert [row.fields.event_date[:10] for row in rows[:4] if row.fields] == [text[:10] for text in REAL]
    found = {each["code"]: each["count"] for each in reader.warnings}
    assert found["exchanged_dates"] == 4


def test_a_value_that_is_given_for_one_decides_it() -> None:
    values = {"event_date": {REAL[0]: "2026-12-03"}}
    assert outcomes([*REAL, *TEXTS], values=values)[:2] == ["2026-12-03", "exchanged"]


def test_mended_rows_are_taken_as_they_stand() -> None:
    assert "exchanged" not in outcomes([*REAL, *TEXTS], repairs_of="01J00000000000000000000000")


ORDINARY = {
    "real dates alone": REAL,
    "texts alone": TEXTS,
    "one real date above 12": [*REAL, "2026-03-13", *TEXTS],
    "one text up to 12": [*REAL, *TEXTS, "05/12/2026"],
    "texts of two orders": [*REAL, *TEXTS, "12/25/2026"],
    "too few": [*REAL[:2], *TEXTS[:2]],
    "the same ones again and again": [*REAL[:2] * 9, *TEXTS[:2] * 9],
    "no text that is a date": [*REAL, "a definir", "13 de dezembro de 2026"],
    "a festival": [*(f"2026-12-{day:02}" for day in range(1, 11)), "13/12/2026", "14/12/2026", "15/12/2026"],
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_column_is_not_asked_about(name: str) -> None:
    assert "exchanged" not in outcomes(ORDINARY[name])


def test_many_real_dates_beside_one_text_are_no_chance() -> None:
    real = [f"2026-{month:02}-{day:02}" for month, day in zip(range(1, 10), range(2, 11), strict=True)]
    assert outcomes([*real, "31/10/2026"]) == ["exchanged"] * 9 + ["2026-10-31"]


def test_rows_after_the_first_thousand_follow_what_was_found() -> None:
    found = outcomes([*REAL, *TEXTS, *["2026-12-12"] * 1100, "2026-02-01", "2026-02-13"])
    assert found[-2:] == ["exchanged", "2026-02-13"]
    assert "exchanged" not in outcomes(["2026-12-12"] * 1000 + REAL + TEXTS)


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(st.lists(DAYS, min_size=30, max_size=60, unique=True), st.sampled_from(["dmy", "mdy"]))
def test_no_date_of_an_exchanged_column_is_stored_on_a_wrong_day(days: list[date], order: str) -> None:
    """As a program of the other country opens a file: what it can read is a real date, the rest a text."""
    is_dmy = order == "dmy"
    written = [
        (
            f"2026-{day.day:02}-{day.month:02}"
            if day.day <= 12
            else f"{day:%d/%m/%Y}"
            if is_dmy
            else f"{day:%m/%d/%Y}"
        )
        for day in days
    ]
    exchanged = [day for day in days if day.day <= 12 and day.day != day.month]
    is_enough = (
        len(exchanged) > 5 and len(days) - len(exchanged) > 20 and len({day.day for day in exchanged}) > 2
    )
    for day, found in zip(days, outcomes(written), strict=True):
        assert found in (day.isoformat(), "exchanged") or not is_enough
