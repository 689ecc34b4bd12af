"""Dates as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dates import parse_event_date
from domain.problems import Problem

RECIFE = ZoneInfo("America/Recife")


def parse(text: str, *, dmy: bool = False) -> tuple[str, int] | Problem:
    return parse_event_date(text, timezone=RECIFE, date_format="dmy" if dmy else "iso")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2025-07-01T10:00:00", "2025-07-01T10:00:00"),
        (" 2025-07-01t10:00 ", "2025-07-01T10:00:00"),
        ("2025-07-01 10:00:00z", "2025-07-01T10:00:00Z"),
        ("2022-12-07 00:00:00.0", "2022-12-07T00:00:00.0"),
        ("2025-07-01T10:00:00,25-03:00", "2025-07-01T10:00:00.25-03:00"),
        ("2025-07-01T10:00+05:30", "2025-07-01T10:00:00+05:30"),
        ("2025-07-01 10:00:00+00", "2025-07-01T10:00:00+00:00"),
        ("2025-07-01", "2025-07-01T00:00:00"),
        ("2024-02-29", "2024-02-29T00:00:00"),
        ("1900-01-01", "1900-01-01T00:00:00"),
        ("2200-12-31T23:59:59.999999999-03:00", "2200-12-31T23:59:59.999999999-03:00"),
    ],
)
def test_dates_are_kept_as_they_came(text: str, kept: str) -> None:
    parsed = parse(text)
    assert not isinstance(parsed, Problem), parsed
    assert parsed[0] == kept
    assert parse(kept) == parsed


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "required"),
        ("  ", "required"),
        ("2025-07-01T24:00", "invalid_date"),
        ("2025-07-01T23:59:60", "invalid_date"),
        ("2025-W27-2", "invalid_date"),
        ("2025-182", "invalid_date"),
        ("20250701", "invalid_date"),
        ("1751374800", "invalid_date"),
        ("45839", "invalid_date"),
        ("\u0662\u0660\u0662\u0665-07-01", "invalid_date"),
        ("\uff12025-07-01", "invalid_date"),
        ("2025-02-29", "invalid_date"),
        ("2025-13-01", "invalid_date"),
        ("2025-7-1", "invalid_date"),
        ("2025-07-01T10", "invalid_date"),
        ("2025-07-01T10:00:00+24:00", "invalid_date"),
        ("2025-07-01T10:00:00+03:99", "invalid_date"),
        ("2025-07-01T10:00:00+0300", "invalid_date"),
        ("2025-07-01Z", "invalid_date"),
        ("2025-07-01T10:00:00 America/Recife", "invalid_date"),
        ("amanhã", "invalid_date"),
        ("0000-01-01", "date_out_of_range"),
        ("1899-12-31", "date_out_of_range"),
        ("2201-01-01", "date_out_of_range"),
        ("9999-12-31T23:59:59-03:00", "date_out_of_range"),
        ("0001-01-01T00:00:00+03:00", "date_out_of_range"),
    ],
)
def test_what_is_no_date_is_refused(text: str, code: str) -> None:
    parsed = parse(text)
    assert isinstance(parsed, Problem)
    assert parsed.code == code


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("01/07/2025", "2025-07-01"),
        ("1.7.2025", "2025-07-01"),
        ("31-12-2025 18:30", "2025-12-31T18:30:00"),
    ],
)
def test_day_first_dates_are_suggested_in_iso_and_read_when_asked_for(text: str, iso: str) -> None:
    refused, read = parse(text), parse(text, dmy=True)
    assert isinstance(refused, Problem)
    assert refused.suggestion == iso
    assert read == parse(iso)


def test_day_first_does_not_refuse_iso() -> None:
    assert parse("2025-07-01", dmy=True) == parse("2025-07-01")


def test_a_day_first_date_that_does_not_exist_has_no_suggestion() -> None:
    parsed = parse("31/02/2025")
    assert isinstance(parsed, Problem)
    assert (parsed.code, parsed.suggestion) == ("invalid_date", None)


def test_a_serial_number_of_a_spreadsheet_is_explained_by_its_date() -> None:
    parsed = parse("45839")
    assert isinstance(parsed, Problem)
    assert parsed.suggestion == "2025-07-01"


moments = st.datetimes(datetime(1900, 1, 2), datetime(2200, 12, 30))  # noqa: DTZ001 - naive on purpose


@given(moments, st.sampled_from(["", "Z", "-03:00", "+05:45"]))
def test_the_instant_is_that_of_the_standard_library(moment: datetime, offset: str) -> None:
    text = moment.isoformat() + offset
    parsed = parse(text)
    assert not isinstance(parsed, Problem)
    aware = datetime.fromisoformat(text)
    aware = aware if aware.tzinfo else aware.replace(tzinfo=RECIFE)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    assert parsed[1] == (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


@given(st.text(st.characters()) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.,Zz+-]{0,20}"))
def test_any_text_gets_an_answer(text: str) -> None:
    assert isinstance(parse(text, dmy=True), tuple | Problem)
