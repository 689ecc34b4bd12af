"""Dates of workbooks: as they were typed, as their cells show them, and in no time zone."""

import io
import re
import zipfile
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.unpacking.faults import shown_by
from api.unpacking.moments import as_shown, as_typed, wall_clock, whole_duration
from tests.api.unpacking.test_sheets import rows, saved, zip_of

SEVEN = datetime.fromisoformat("2026-12-13T19:00:00")


@pytest.mark.parametrize(
    ("milliseconds", "kept"),
    [(-6, 0), (3, 0), (29, 0), (288, 0), (-1, 0), (0, 0), (123, 123), (500, 500), (-250, -250)],
)
def test_a_rounded_serial_is_read_to_the_second_and_milliseconds_stay(milliseconds: int, kept: int) -> None:
    moment = SEVEN + timedelta(milliseconds=milliseconds)
    assert as_typed(moment) == SEVEN + timedelta(milliseconds=kept)


@given(st.integers(0, 86_399), st.integers(5, 8))
def test_each_second_is_read_back_from_its_rounded_serial(second: int, digits: int) -> None:
    day = datetime.fromisoformat("2026-12-13")
    # As the library gives it, which rounds to the millisecond.
    serial = round(round(second / 86_400, digits) * 86_400_000)
    assert as_typed(day + timedelta(milliseconds=serial)) == day + timedelta(seconds=second)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-12-13T19:00:00.000Z", "2026-12-13T19:00:00"),
        ("2026-12-13T19:00:00+00:00", "2026-12-13T19:00:00"),
        ("2026-12-13T00:00:00.000Z", "2026-12-13"),
        ("2026-12-13", "2026-12-13"),
        ("2026-12-13T19:00:00.250Z", "2026-12-13T19:00:00.250000"),
        ("2026-12-13T19:00:00-03:00", "2026-12-13T19:00:00-03:00"),
        ("19:00:00", "19:00:00"),
        ("a definir", "a definir"),
    ],
)
def test_a_cell_of_the_type_date_is_in_no_time_zone(text: str, read: str) -> None:
    assert wall_clock(text) == read


@pytest.mark.parametrize(
    ("number_format", "shown"),
    [
        ("mmm/yy", "month"),
        ("mmm-yy", "month"),
        ("[$-416]mmmm\\ yyyy;@", "month"),
        ('mmmm" de "yyyy', "month"),
        ("mm/aaaa", "month"),
        ("mmmm", "month"),
        ("yyyy", "year"),
        ("dd/mm/yyyy", None),
        ("d-mmm", None),
        ("mm:ss", None),
        ("[h]:mm", None),
        ("hh:mm", None),
        ("General", None),
        ("0.00", None),
        ("@", None),
    ],
)
def test_what_a_format_shows_of_a_date(number_format: str, shown: str | None) -> None:
    assert shown_by(number_format) == shown


@pytest.mark.parametrize(
    ("text", "shown", "read"),
    [
        ("2026-12-01", "month", "2026-12"),
        ("2026-12-13", "month", "2026-12-13"),
        ("2027-01-01", "year", "2027"),
        ("2026-12-01", "year", "2026-12-01"),
        ("2026-12-01T19:00:00", "month", "2026-12-01T19:00:00"),
        ("a definir", "month", "a definir"),
    ],
)
def test_the_first_of_a_month_is_read_as_it_is_shown(text: str, shown, read: str) -> None:
    assert as_shown(text, shown) == read


def test_dates_of_an_xlsx_under_formats_without_a_day() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["title", "event_date", "city"])
    for day, code in (
        (date(2026, 12, 1), "mmm/yy"),
        (date(2026, 12, 13), "mmm-yy"),
        (date(2027, 1, 1), "yyyy"),
        (date(2026, 12, 1), "dd/mm/yyyy"),
    ):
        sheet.append(["A", day, "Recife"])
        sheet.cell(sheet.max_row, 2).number_format = code
    read = [row[1] for row in rows(saved(book))[1:]]
    assert read == ["2026-12", "2026-12-13", "2027", "2026-12-01"]


def test_typed_dates_of_an_xlsx() -> None:
    book = openpyxl.Workbook(iso_dates=True)
    book.active.append(["title", "event_date", "city"])
    book.active.append(["A", SEVEN, "Recife"])
    book.active.append(["2026-12-13T19:00:00Z", date(2026, 12, 13), "Recife"])
    with zipfile.ZipFile(io.BytesIO(saved(book))) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    changed = [(name, part.replace(b"19:00:00</v>", b"19:00:00.000Z</v>")) for name, part in parts]
    assert rows(zip_of(*changed))[1:] == [
        ["A", "2026-12-13T19:00:00", "Recife"],
        ["2026-12-13T19:00:00Z", "2026-12-13", "Recife"],
    ]


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("PT19H30M", "PT19H30M00S"),
        ("PT19H", "PT19H00M00S"),
        ("P0DT19H30M00S", "PT19H30M00S"),
        ("PT19H30M00,5S", "PT19H30M00.5S"),
        ("PT0S", "PT00H00M00S"),
        ("P0Y0M0DT19H30M00S", "PT19H30M00S"),
        ("PT1170M", "PT19H30M00S"),
        ("P1D", "PT24H00M00S"),
        ("P1DT2H3M4.25S", "PT26H03M04.25S"),
        # Months have no certain length; the rest is no duration.
        *((text, text) for text in ("P1M", "P1Y2D", "-PT1H", "P", "PT", "P1DT", "PT1H30", "PT1S1M", "")),
    ],
)
def test_a_duration_is_written_with_hours_minutes_and_seconds(written: str, whole: str) -> None:
    assert whole_duration(written) == whole


@given(st.integers(0, 30), st.integers(0, 99), st.integers(0, 999), st.integers(0, 9999), st.booleans())
def test_a_duration_stays_as_long_as_it_was(
    days: int, hours: int, minutes: int, seconds: int, keeps_zeros: bool
) -> None:
    parts = [f"{number}{unit}" for number, unit in zip((hours, minutes, seconds), "HMS", strict=True)]
    written = "".join(parts if keeps_zeros else [part for part in parts if part[0] != "0"])
    text = f"P{days}D" + (f"T{written}" if written else "")
    whole = [int(part) for part in re.findall("[0-9]+", whole_duration(text))]
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert timedelta(hours=whole[0], minutes=whole[1], seconds=whole[2]) == span
    assert max(whole[1:]) < 60
