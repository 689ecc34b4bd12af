"""Dates as people write them, in each form and by each order."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from domain.dates import DateOrder, parse_event_date, wording
from domain.dates.words import ENGLISH_WEEKDAYS
from domain.imports import DateFormat
from domain.problems import Problem

RECIFE = ZoneInfo("America/Recife")
FORMATS: tuple[DateFormat, ...] = ("auto", "iso", "dmy", "mdy")


def parse(text: str, date_format: DateFormat | None = "auto", time: str = "") -> tuple[str, int] | Problem:
    order = date_format and DateOrder(date_format)
    return parse_event_date(text, timezone=RECIFE, order=order, time=time)


def kept(text: str, date_format: DateFormat | None = "auto", time: str = "") -> str:
    """Return what is kept of a date, or the code of its problem."""
    parsed = parse(text, date_format, time)
    return parsed.code if isinstance(parsed, Problem) else parsed[0]


ISO = [
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
]


@pytest.mark.parametrize("date_format", [None, *FORMATS])
@pytest.mark.parametrize(("text", "stored"), ISO)
def test_iso_dates_are_kept_unchanged_with_any_date_format(
    text: str, stored: str, date_format: DateFormat | None
) -> None:
    assert kept(text, date_format) == stored
    assert parse(stored, date_format) == parse(text, date_format)


UNAMBIGUOUS = {
    "2026-12-03T19:30:00": [
        "qui, 03 dez 2026 \u00b7 19:30",
        "3 dez 2026 | 19h30",
        "2026-12-03 \u2022 19:30",
        "Thu Dec  3 19:30:00 2026",
        "Thu Dec 03 19:30 2026",
        "Dec 3 7:30 PM 2026",
        "03-DEC-26 07.30.00 PM",
    ],
    "2026-12-03T19:30:00.000000000": ["03-DEC-26 07.30.00.000000000 PM", "03-DEC-26 19.30.00.000000000"],
    "2026-12-03T19:30:00-03:00": ["Thu Dec  3 19:30:00 -0300 2026", "03-DEC-26 07.30.00 PM -03:00"],
    "2026-12-03T19:30:00Z": ["Thu Dec  3 19:30:00 UTC 2026", "Thu Dec 3 19:30:00 GMT 2026"],
    "2025-07-01T09:00:00": ["2025-07-01 9:00", "2025-07-01T9:00", "Tue, Jul 1, 2025, 9:00 AM"],
    "2025-07-01T10:00:00": [
        "2025-07-01 10h",
        "2025-07-01 10h00",
        "2025-07-01 10 h",
        "2025-07-01 10:00h",
        "2025/07/01 às 10h",
        "2025-07-01 \u00a010:00",
        "20250701T100000",
        "20250701T1000",
        "1º de julho de 2025 às 10 horas",
        "martes, 1 de julio de 2025 a las 10:00",
        "2025-07-01 10:00:00 AM",
        "1 jul. 2025 - 10h",
    ],
    "2025-07-01T19:30:00": [
        "2025-07-01 19h30",
        "2025-07-01 19h30min",
        "2025-07-01 7:30 PM",
        "1º/07/2025 7.30 pm",
        "1º/7/25 19.30h",
        "July 1, 2025 @ 7:30 pm",
        "2025-07-01 7:30PM",
        "2025-07-01 7:30\u202fPM",
        "2025-07-01 7:30 p. m.",
        "2025-07-01, 7:30 p.m.",
        "July 1st, 2025 at 7:30 pm",
        "1 de julio de 2025, 7:30\u00a0p.\u00a0m.",
        "terça-feira, 1 de julho de 2025 19:30",
    ],
    "2025-07-01T00:00:00": [
        "2025/07/01",
        "2025.07.01",
        "2025-7-1",
        "20250701",
        "2025\u201107\u201101",
        "\u200e2025\u201307\u201301",
        "\u00a02025-07-01\u00a0",
        "01-jul-2025",
        "1/jul/2025",
        "01-Jul-25",
        "1 jul 2025",
        "1 jul. 2025",
        "1º jul 2025",
        "1st July 2025",
        "1st of July, 2025",
        "1 de julho de 2025",
        "1o de julho de 2025",
        "1.º de julho de 2025",
        "1er de julio de 2025",
        "1.º/7/2025",
        "1° de Julho de 2025",
        "1 DE JULHO, 2025",
        "1 de julio del 2025",
        "July 1, 2025",
        "Jul 1 2025",
        "2025 Jul 1",
        "ter., 1 de jul. de 2025",
        "Tuesday, July 1, 2025",
        "Jul 1, 2025 12:00 AM",
    ],
    "2025-07-01T12:00:00": ["Jul 1, 2025 12 PM", "2025-07-01 12:00 pm"],
    "2025-07-01T10:00:00Z": [
        "Tue, 01 Jul 2025 10:00:00 GMT",
        "2025-07-01 10:00:00 UTC",
        "20250701T100000Z",
        "2025-07-01 10:00 Z",
    ],
    "2025-07-01T10:00:00-03:00": [
        "2025-07-01 10:00:00 -03:00",
        "2025-07-01T10:00:00-0300",
        "2025-07-01T10:00:00-03",
        "2025-07-01 10h GMT-3",
        "20250701T100000-0300",
        "Tue Jul 01 2025 10:00:00 GMT-0300 (Horário Padrão de Brasília)",
    ],
    "2025-07-01T10:00:00.000-03:00": ["2025-07-01T10:00:00.000-0300"],
}


@pytest.mark.parametrize("date_format", FORMATS)
@pytest.mark.parametrize(
    ("text", "stored"), [(text, stored) for stored, texts in UNAMBIGUOUS.items() for text in texts]
)
def test_an_unambiguous_date_is_accepted_with_any_date_format(
    text: str, stored: str, date_format: DateFormat
) -> None:
    assert kept(text, date_format) == stored


@pytest.mark.parametrize(
    ("text", "suggestions"),
    [
        ("28/05/2026 08:00-12:00", ["08:00:00"]),
        ("28/05/2026 8h-12", ["08:00:00"]),
        ("28 de maio de 2026, 8:00\u201312:00", ["08:00:00"]),
        ("20260528 0800-1200", ["08:00:00"]),
        ("28/05/2026 09:00 -12:00", ["09:00:00"]),
        ("28/05/2026 07:00-08:00", ["07:00:00", "07:00:00-08:00"]),
        ("28/05/2026 22:00-02:00", ["22:00:00", "22:00:00-02:00"]),
        ("28/05/2026 22:00-00:00", ["22:00:00", "22:00:00-00:00"]),
        ("2026-05-28 08:00-12:00", ["08:00:00"]),
        ("2026-05-28 08:00-11:00", ["08:00:00"]),
        ("2026-05-28 07:30-09:30", ["07:30:00", "07:30:00-09:30"]),
        ("2026-05-28 08:00-10:00", ["08:00:00", "08:00:00-10:00"]),
    ],
)
def test_a_range_of_times_beside_a_date_is_asked_about(text: str, suggestions: list[str]) -> None:
    refused = parse(text, "dmy")
    assert isinstance(refused, Problem)
    assert (refused.code, refused.rule) == ("invalid_date", "range")
    told = (refused.suggestion,) if refused.suggestions is UNSET else refused.suggestions
    assert told == tuple(f"2026-05-28T{time}" for time in suggestions)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("28/05/2026 19:00-03:00", "19:00:00-03:00"),
        ("28/05/2026 02:00-03:00", "02:00:00-03:00"),
        ("28/05/2026 10:00-04:00", "10:00:00-04:00"),
        ("28/05/2026 08:00:00-12:00", "08:00:00-12:00"),
        ("28/05/2026 08:00-1000", "08:00:00-10:00"),
        ("28/05/2026 08:00 GMT-10", "08:00:00-10:00"),
        ("28/05/2026 07:00 -08:00", "07:00:00-08:00"),
        ("2026-05-28 10:00-03:00", "10:00:00-03:00"),
        ("2026-05-28 03:00-05:00", "03:00:00-05:00"),
        ("2026-05-28 12:00-10:00", "12:00:00-10:00"),
        ("2026-05-28 08:00:00-10:00", "08:00:00-10:00"),
        ("2026-05-28T08:00-10:00", "08:00:00-10:00"),
        ("2026-05-28t08:00 -10:00", "08:00:00-10:00"),
        ("20260528T0800-1000", "08:00:00-10:00"),
        ("2026/05/28 19:00-04:00", "19:00:00-04:00"),
        ("20260528 22:00-02:00", "22:00:00-02:00"),
    ],
)
def test_an_offset_that_is_no_likely_end_is_one(text: str, clock: str) -> None:
    assert kept(text, "dmy") == f"2026-05-28T{clock}"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Pacific/Honolulu", "28/05/2026 08:00-10:00"),
        ("Pacific/Honolulu", "2026-05-28 08:00-10:00"),
        ("America/Sao_Paulo", "28/05/2026 22:00-03:00"),
    ],
)
def test_the_own_offset_of_the_time_zone_is_never_the_end_of_a_range(zone: str, text: str) -> None:
    told, naive = (
        parse_event_date(each, timezone=ZoneInfo(zone), order=DateOrder("dmy")) for each in (text, text[:16])
    )
    assert isinstance(told, tuple)
    assert isinstance(naive, tuple)
    assert told[1] == naive[1]


@given(
    st.times(),
    st.integers(0, 14 * 60),
    st.sampled_from("+-"),
    st.sampled_from(["T", " "]),
    st.sampled_from(FORMATS),
)
def test_no_moment_of_rfc_3339_is_taken_for_a_range(
    moment: time, minutes: int, sign: str, joint: str, date_format: DateFormat
) -> None:
    offset = min(minutes, 720) if sign == "-" else minutes
    told = f"{moment:%H:%M:%S}{sign}{offset // 60:02}:{offset % 60:02}"
    assert kept(f"2026-05-28{joint}{told}", date_format) == f"2026-05-28T{told}"


def test_an_offset_that_no_place_has_is_the_end_of_a_range() -> None:
    assert kept("2025-07-01 19:00-22:00") == "invalid_date"


@pytest.mark.parametrize("order", [None, *FORMATS])
@pytest.mark.parametrize(
    ("offset", "is_in_use"),
    [
        *[(offset, True) for offset in ("Z", "+00:00", "-00:00", "+14:00", "-12:00", "+05:45")],
        *[(offset, False) for offset in ("-22:00", "+14:30", "-14:00", "-12:01", "+23:59")],
    ],
)
def test_an_offset_is_accepted_in_json_as_in_files(
    offset: str, is_in_use: bool, order: DateFormat | None
) -> None:
    text = f"2025-07-01T19:00:00{offset}"
    assert kept(text, order) == (text if is_in_use else "invalid_date")
    stored = parse_event_date(text, timezone=ZoneInfo("America/Recife"), is_stored=True)
    assert isinstance(stored, tuple)
    assert stored[0] == text


@pytest.mark.parametrize("text", ["2025-7-1", "20250701", "1 de julho de 2025", "2025/07/01", "01/07/2025"])
def test_json_bodies_accept_only_iso_dates(text: str) -> None:
    assert kept(text, None) == "invalid_date"


REFUSED = [
    ("", "required"),
    ("  ", "required"),
    ("2025-07-01T24:00", "invalid_date"),
    ("2025-07-01T23:59:60", "invalid_date"),
    ("2025-07-01 13:00 AM", "invalid_date"),
    ("2025-07-01 10h60", "invalid_date"),
    ("2025-W27-2", "invalid_date"),
    ("2025-182", "invalid_date"),
    ("1751374800", "invalid_date"),
    ("1751374800000", "invalid_date"),
    ("45839", "invalid_date"),
    ("45839.5", "invalid_date"),
    ("\u0662\u0660\u0662\u0665-07-01", "invalid_date"),
    ("\uff12025-07-01", "invalid_date"),
    ("2025-02-29", "invalid_date"),
    ("29 de fevereiro de 2025", "invalid_date"),
    ("2025-13-01", "invalid_date"),
    ("20251301", "invalid_date"),
    ("01072025", "invalid_date"),
    ("2025-07-01T10", "invalid_date"),
    ("2025-07-01T10:00:00+24:00", "invalid_date"),
    ("2025-07-01T10:00:00+03:99", "invalid_date"),
    ("2025-07-01Z", "invalid_date"),
    ("2025-07-01T10:00:00 America/Recife", "invalid_date"),
    ("2025-07-01 19h-22h", "invalid_date"),
    ("1 a 3 de julho de 2025", "invalid_date"),
    ("1 de julho", "invalid_date"),
    ("01/07", "invalid_date"),
    ("2025-07", "invalid_date"),
    ("31/02/2025", "invalid_date"),
    ("13/13/2025", "invalid_date"),
    ("Wednesday, July 1, 2025", "invalid_date"),
    ("a definir", "invalid_date"),
    ("0000-01-01", "date_out_of_range"),
    ("1899-12-31", "date_out_of_range"),
    ("2201-01-01", "date_out_of_range"),
    ("1 de julho de 1492", "date_out_of_range"),
    ("9999-12-31T23:59:59-03:00", "date_out_of_range"),
    ("0001-01-01T00:00:00+03:00", "date_out_of_range"),
]


@pytest.mark.parametrize("date_format", [None, *FORMATS])
@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_text_that_is_not_a_date_is_refused_with_any_date_format(
    text: str, code: str, date_format: DateFormat | None
) -> None:
    expected = "invalid_date" if date_format is None and "de julho" in text else code
    assert kept(text, date_format) == expected


@pytest.mark.parametrize(
    ("text", "dmy", "mdy"),
    [
        ("01/07/2025", "2025-07-01T00:00:00", "2025-01-07T00:00:00"),
        ("1.7.2025 10.00", "2025-07-01T10:00:00", "2025-01-07T10:00:00"),
        ("1-7-25 19h", "2025-07-01T19:00:00", "2025-01-07T19:00:00"),
        ("1/7/2025 às 10h30", "2025-07-01T10:30:00", "2025-01-07T10:30:00"),
        ("1/7/2025, 9:05:07.5", "2025-07-01T09:05:07.5", "2025-01-07T09:05:07.5"),
        ("01/07/2025 (terça-feira) 19h", "2025-07-01T19:00:00", "2025-01-07T19:00:00"),
        ("\u200e1/\u200e7/\u200e2025", "2025-07-01T00:00:00", "2025-01-07T00:00:00"),
    ],
)
def test_numeric_dates_are_read_in_the_order_of_the_file(text: str, dmy: str, mdy: str) -> None:
    assert (kept(text, "dmy"), kept(text, "mdy")) == (dmy, mdy)
    undecided, refused = parse(text, "auto"), parse(text, "iso")
    assert isinstance(undecided, Problem)
    assert isinstance(refused, Problem)
    assert (undecided.code, refused.code) == ("ambiguous_date", "invalid_date")
    assert undecided.suggestions == refused.suggestions
    assert isinstance(undecided.suggestions, tuple)
    assert [kept(reading) for reading in undecided.suggestions] == [dmy, mdy]


def test_without_an_order_only_dates_with_one_reading_are_accepted() -> None:
    assert kept("01/01/2025") == "2025-01-01T00:00:00"
    assert kept("13/07/2025") == kept("07/13/2025") == "2025-07-13T00:00:00"
    assert kept("07/04/2025 2:30 PM") == "2025-07-04T14:30:00"
    assert kept("Friday, 07/04/2025") == "2025-07-04T00:00:00"


def test_a_date_that_contradicts_the_order_names_the_line_that_proved_it() -> None:
    order = DateOrder.asked("auto").proved("dmy", 3)
    refused = parse_event_date("07/13/2025", timezone=UTC, order=order)
    assert isinstance(refused, Problem)
    assert (refused.code, refused.suggestion) == ("invalid_date", "2025-07-13")
    assert "line 3" in refused.message


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("45839", "2025-07-01"),
        ("45839.4166666667", "2025-07-01T10:00:00"),
        ("45839,4166666667", "2025-07-01T10:00:00"),
        ("1751364000", "2025-07-01T10:00:00Z"),
        ("1751364000000", "2025-07-01T10:00:00Z"),
        ("2025-07-01 19h às 22h", "2025-07-01T19:00:00"),
        ("2025-07-01 10:00:00 America/Recife", "2025-07-01T10:00:00-03:00"),
        ("7/13/2025 7:00 PM Europe/Lisbon", "2025-07-13T19:00:00+01:00"),
        ("13/07/2025 19h (horário de Manaus)", "2025-07-13T19:00:00-04:00"),
        ("13/07/2025 19:00 BRT", "2025-07-13T19:00:00-03:00"),
        ("13/07/2025 19h BRT", "2025-07-13T19:00:00-03:00"),
        ("13/07/2025 19:00 BRT - 21:00 BRT", "2025-07-13T19:00:00-03:00"),
        ("13/07/2025 19:00 - 21:00 (horário de Brasília)", "2025-07-13T19:00:00-03:00"),
        ("2025-07-13T19:00-03:00[America/Recife]", "2025-07-13T19:00:00-03:00"),
        ("2025-07-13T19:00-05:00[America/Recife]", None),
        ("13/07/2025 19:00-05:00 EST", "2025-07-13T19:00:00-05:00"),
        ("13/07/2025 19:00 (local)", "2025-07-13T19:00:00"),
        ("13/07/2025 EST", "2025-07-13"),
        # Each has several meanings, or none that is known.
        *[
            (f"13/07/2025 19:00 {zone}", None)
            for zone in ("EST", "CET", "PST", "IST", "(BST)", "- 21:00 EST", "central")
        ],
        ("13/07/2025 19:00 Lisboa", "2025-07-13T19:00:00+01:00"),
        ("13/07/2025 19:00 (horário de Lisboa)", "2025-07-13T19:00:00+01:00"),
        ("15/12/2018 10:00 (horário de Brasília)", "2018-12-15T10:00:00-02:00"),
        # The half of the day that is written after the end is that of the start, too.
        ("24/06/2026 7:30 - 9:30 PM", "2026-06-24T19:30:00"),
        ("June 24, 2026, 7-9pm", "2026-06-24T19:00:00"),
        ("June 24, 2026, 11am-1pm", "2026-06-24T11:00:00"),
        ("June 24, 2026, 9-12pm", None),
        ("June 7-9, 2026 7pm", "2026-06-07T19:00:00"),
        ("24/06/2026 das 2 às 5 da tarde", "2026-06-24T14:00:00"),
        # The first of several days is of the month before, where its number is the greater one.
        ("30 a 02/05/2026", "2026-04-30"),
        ("30 e 01/05/2026", "2026-04-30"),
        ("31 a 02/01/2027 19h", "2026-12-31T19:00:00"),
        ("31 a 02/05/2026", None),
        ("30 a 02/05/0000", None),
        ("2026-06-24T19:30:00-3", "2026-06-24T19:30:00-03:00"),
        ("2026-06-24T19:30-3", "2026-06-24T19:30:00-03:00"),
        ("24/06/2026 19:30 +3", "2026-06-24T19:30:00+03:00"),
        ("24/06/2026 7:30-9", "2026-06-24T07:30:00"),
        ("2026-06-24 19:30 -3", "2026-06-24T19:30:00-03:00"),
        ("24/06/2026 19:30 ~ 22:00", "2026-06-24T19:30:00"),
        ("24/06/2026 ~ 26/06/2026", "2026-06-24"),
        ("24/06/2026 | 19h às 21h", "2026-06-24T19:00:00"),
        ("24/06/2026 \u00b7 19h \u00b7 21h", "2026-06-24T19:00:00"),
        ("Wed Jun 24 19:30:00 BRT 2026", "2026-06-24T19:30:00-03:00"),
        ("Thu Jun 24 19:30:00 2026", "2026-06-24T19:30:00"),
        ("24-JUN-26 07.30.00.000000000 PM AMERICA/RECIFE", "2026-06-24T19:30:00.000000000-03:00"),
        ("(24/06/2026)", "2026-06-24"),
        ("[24/06/2026 19h]", "2026-06-24T19:00:00"),
        # Each line is another moment, or a part of the first.
        ("24/06/2026\n25/06/2026", "2026-06-24"),
        ("24/06/2026 19h\n25/06/2026 19h", "2026-06-24T19:00:00"),
        ("24/06/2026\r\n19h\r\n21h", "2026-06-24T19:00:00"),
        ("24/06/2026\n19h às 21h", "2026-06-24T19:00:00"),
        ("13/07/2025 meio-dia", "2025-07-13T12:00:00"),
        ("13/07/2025 ao meio-dia", "2025-07-13T12:00:00"),
        ("13/07/2025, noon", "2025-07-13T12:00:00"),
        ("2025-07-13 à meia-noite", "2025-07-13T00:00:00"),
        ("13/07/2025 às 8h da noite", "2025-07-13T20:00:00"),
        ("13/07/2025 7:30 noite", "2025-07-13T19:30:00"),
        ("13/07/2025 às 19", "2025-07-13T19:00:00"),
        ("13/07/2025 a 14", "2025-07-13"),
        ("13/07/2025, 14", "2025-07-13"),
        ("13/07/2025 domingo", "2025-07-13"),
        ("14/07/2025, segunda-feira, 19h", "2025-07-14T19:00:00"),
        ("14/07/2025 domingo", None),
        ("dia 13/07/2025", "2025-07-13"),
        ("no dia 13/07/2025 às 19h", "2025-07-13T19:00:00"),
        ('="13/07/2025"', "2025-07-13"),
        ("'13/07/2025'", "2025-07-13"),
        ("13/07/2025*", "2025-07-13"),
        ("13/07/2025 19h.;", "2025-07-13T19:00:00"),
        ("\uff11\uff13/\uff10\uff17/\uff12\uff10\uff12\uff15", "2025-07-13"),
        ("\u0662\u0660\u0662\u0665-07-01", "2025-07-01"),
        ("3 a 5 de julho de 2025", "2025-07-03"),
        ("de 3 a 5 de julho de 2025", "2025-07-03"),
        ("dias 13 e 14/07/2025", "2025-07-13"),
        ("13, 14 e 15/07/2025", "2025-07-13"),
        ("13-15/07/2025", "2025-07-13"),
        ("13/07 a 15/08/2025", "2025-07-13"),
        ("3 de julho a 5 de agosto de 2025", "2025-07-03"),
        ("13/07/2025 até 15/07/2025", "2025-07-13"),
        ("13.07.2025-15.07.2025", "2025-07-13"),
        ("del 3 al 5 de julio de 2025", "2025-07-03"),
        ("July 3-5, 2025", "2025-07-03"),
        ("July 3, 2025 → July 5, 2025", "2025-07-03"),
        ("2025-07-03/2025-07-05", "2025-07-03"),
        ("2025-07-03 - 2025-07-05", "2025-07-03"),
        ("2025-07-03T19:00/21:00", "2025-07-03T19:00:00"),
        ("July 3, 2025 7:00 PM (GMT-3)", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM (GMT-3) \u2192 10:00 PM", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM \u2192 10:00 PM (GMT-3)", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM (GMT-3) \u2192 July 4, 2025 2:00 AM (GMT-3)", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM (GMT-3) \u2192 10:00 PM (GMT-5)", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 (GMT-3) \u2192 10:00 PM", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM (America/Recife) \u2192 10:00 PM", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM [UTC+05:30] - 10:00 PM", "2025-07-03T19:00:00+05:30"),
        ("July 3, 2025 7:00 PM (EST) \u2192 10:00 PM", None),
        ("2025/07/03 19:00 (GMT-3) \u2192 22:00", "2025-07-03T19:00:00-03:00"),
        ("03/07/2025 19h (BRT) \u00e0s 22h", "2025-07-03T19:00:00-03:00"),
        ("03/07/2025 7:00 BRT - 10:00 PM BRT", "2025-07-03T19:00:00-03:00"),
        ("03/07/2025 \u00e0s 19 e 30", "2025-07-03T19:30:00"),
        ("03/07/2025 19h e 30", "2025-07-03T19:30:00"),
        ("03/07/2025, 19 horas e 30 minutos", "2025-07-03T19:30:00"),
        ("03/07/2025 \u00e0s 7 e meia da noite", "2025-07-03T19:30:00"),
        ("03/07/2025 19 e 30", None),
        ("2025-07-03 19:00 (abertura 18h)", "2025-07-03T19:00:00"),
        ("28/12 a 03/01/2027", "2026-12-28"),
        ("30 de dezembro a 2 de janeiro de 2027", "2026-12-30"),
        ("30/11 a 03/12/2027", "2027-11-30"),
        ("202603131930", "2026-03-13T19:30:00"),
        ("2026-03-05 (19h)", "2026-03-05T19:00:00"),
        ("2026-03-05 0:30 PM", None),
        ("31/02/2025", None),
        ("a definir", None),
        ("julho a agosto de 2025", None),
        ("1/2/3", None),
    ],
)
def test_a_refused_date_has_a_suggestion_of_what_was_meant(text: str, suggestion: str | None) -> None:
    refused = parse(text)
    assert isinstance(refused, Problem)
    assert (refused.code, refused.suggestion) == ("invalid_date", suggestion)


@pytest.mark.parametrize("text", ["24/06/2026 19:30-3", "2026-06-24 19:30-3", "24/06/2026 19h30 -3"])
def test_what_may_be_an_end_or_an_offset_of_one_digit_is_suggested_as_both(text: str) -> None:
    refused = parse(text)
    assert isinstance(refused, Problem)
    assert refused.suggestions == ("2026-06-24T19:30:00", "2026-06-24T19:30:00-03:00")


def test_a_number_of_a_day_counts_from_the_first_of_its_workbook() -> None:
    asked = DateOrder.asked("auto", is_1904=True)
    for order in (asked, asked.unproved(), asked.proved("mdy", 3)):
        refused = parse_event_date("44708.5", timezone=RECIFE, order=order)
        assert isinstance(refused, Problem)
        assert refused.suggestion == "2026-05-28T12:00:00"


@pytest.mark.parametrize("text", ["05/03/2026 a 07/03/2026", "05 a 07/03/2026", "05/03/2026 19h - 22h"])
def test_a_suggestion_is_in_the_order_of_the_file(text: str) -> None:
    for date_format, day in (("dmy", "2026-03-05"), ("mdy", "2026-05-03")):
        refused = parse(text, date_format)  # type: ignore[arg-type]
        assert isinstance(refused, Problem)
        assert (str(refused.suggestion)[:10], refused.suggestions) == (day, UNSET)
    undecided = parse(text, "auto")
    assert isinstance(undecided, Problem)
    assert isinstance(undecided.suggestions, tuple)
    assert [moment[:10] for moment in undecided.suggestions] == ["2026-03-05", "2026-05-03"]


@pytest.mark.parametrize("half", ["p. m.", "p.m.", "P.\u00a0M.", "p m"])
def test_a_half_of_the_day_in_spanish_proves_no_order(half: str) -> None:
    assert kept(f"05/03/2026 7:30 {half}") == kept("05/03/2026", time=f"7:30 {half}") == "ambiguous_date"
    assert kept(f"05/03/2026 7:30 {half}", "dmy") == "2026-03-05T19:30:00"


@pytest.mark.parametrize("number", range(2, 7))
def test_weekdays_are_numbered_in_portuguese(number: int) -> None:
    for name in (f"{number}\u00aa-feira", f"{number}\u00aa feira", f"{number}a-feira"):
        for text in (f"{name}, {7 + number} de março de 2026", f"{name} {7 + number:02}/03/2026"):
            assert kept(text, "dmy") == f"2026-03-{7 + number:02}T00:00:00"
            assert kept(text.replace("2026", "2027"), "dmy") == "invalid_date"


@pytest.mark.parametrize(
    "time", ["25h", "25:00", "24h30", "24:30", "26 hs", "19h75", "19:60", "das 25h às 26h"]
)
@pytest.mark.parametrize("between", [" ", " | ", " às ", " - ", ", ", " · ", " (", "\n"])
def test_a_time_that_no_day_has_suggests_no_day_without_it(between: str, time: str) -> None:
    refused = parse(f"13/12/2026{between}{time}" + ")" * (between == " ("))
    assert isinstance(refused, Problem)
    assert (refused.suggestion, refused.suggestions) == (None, UNSET)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-05-28 hasta 2026-05-30", "28 hasta 30/05/2026", "2026-05-28 híbrido", "2026-05-28 Hall"),
        *("28/05/2026 (curso de 40h)", "28/05/2026 - 40h", "28/05/2026 (24 horas)", "28/05/2026, aberto 24h"),
    ],
)
def test_a_word_with_h_and_a_workload_leave_the_day_suggested(text: str) -> None:
    refused = parse(text)
    assert isinstance(refused, Problem)
    assert refused.suggestion == "2026-05-28"


@given(st.text("0123456789 -/.,:()aehsdglo→&", max_size=400))
def test_the_suggestion_of_any_text_is_a_date_that_is_read(text: str) -> None:
    refused = parse(text)
    if isinstance(refused, Problem) and refused.suggestion is not None:
        assert not isinstance(parse(refused.suggestion), Problem)


@pytest.mark.parametrize(
    ("text", "time", "stored"),
    [
        ("2025-07-01", "19:30", "2025-07-01T19:30:00"),
        ("2025-07-01", "19h30", "2025-07-01T19:30:00"),
        ("2025-07-01", "às 19h", "2025-07-01T19:00:00"),
        ("2025-07-01", "7:30 PM", "2025-07-01T19:30:00"),
        ("2025-07-01", "19:30 GMT-3", "2025-07-01T19:30:00-03:00"),
        ("2025-07-01", "19:30 -03:00", "2025-07-01T19:30:00-03:00"),
        ("2025-07-01", "19:30 -03", "2025-07-01T19:30:00-03:00"),
        ("2025-07-01", "19:30-0300", "2025-07-01T19:30:00-03:00"),
        ("2025-07-01", "19:30 - 03:00", "invalid_date"),
        ("2025-07-01", "19:30 -22:00", "invalid_date"),
        ("1 de julho de 2025", " ", "2025-07-01T00:00:00"),
        ("01/07/2025", "7:30 PM", "2025-01-07T19:30:00"),
        ("2025-07-01T00:00:00", "19:30:00", "2025-07-01T19:30:00"),
        ("2025-07-01T19:30:00", "19:30", "2025-07-01T19:30:00"),
        ("2025-07-01 19:30Z", "19:30", "2025-07-01T19:30:00Z"),
        ("2025-07-01", "2025-07-01 19:30", "2025-07-01T19:30:00"),
        ("2025-07-01", "1899-12-30T19:30:00", "2025-07-01T19:30:00"),
        # Programs write a date alone as a midnight in UTC.
        *[
            (f"2025-07-01T00:00:00{utc}", time, stored)
            for utc in (".000Z", "z", "+00:00", "+00", "-00:00")
            for time, stored in (
                ("19:30", "2025-07-01T19:30:00"),
                ("19h30", "2025-07-01T19:30:00"),
                ("00:00", "2025-07-01T00:00:00"),
                ("19:30 -03:00", "2025-07-01T19:30:00-03:00"),
                ("2025-07-01T19:30:00Z", "2025-07-01T19:30:00Z"),
            )
        ],
        ("2025-07-01T00:00:00-03:00", "19:30", "2025-07-01T19:30:00-03:00"),
        ("2025-07-01T00:00:00+02:00", "19:30", "2025-07-01T19:30:00+02:00"),
        ("2025-07-01T00:00:00-03:00", "19:30 GMT-4", "conflicting_time"),
        ("2025-07-01 08:00-12:00", "08:00", "invalid_date"),
        # A date merged over both cells.
        ("2025-07-01", "2025-07-01", "2025-07-01T00:00:00"),
        ("13/07/2025", "13/07/2025", "2025-07-13T00:00:00"),
        ("2025-07-01T10:00", "2025-07-01", "2025-07-01T10:00:00"),
        ("2025-07-01", "2025-07-02", "invalid_date"),
        # Times of Apps Script and SheetJS: the offset is of a day that is none.
        ("2025-07-01", "1899-12-30T22:36:28.000Z", "invalid_date"),
        ("2025-07-01", "1899-12-30T19:30:00-03:00", "invalid_date"),
        ("2025-07-01T10:00", "19:30", "conflicting_time"),
        ("2025-07-01T19:30Z", "19:30 GMT-3", "conflicting_time"),
        ("2025-07-01", "2025-07-02 19:30", "conflicting_time"),
        ("2025-07-01", "a confirmar", "invalid_date"),
        ("2025-07-01", "19:00-22:00", "invalid_date"),
        ("2025-07-01", "0.8125", "invalid_date"),
        ("2025-07-01", "0.25", "invalid_date"),
        ("", "19:30", "required"),
    ],
)
def test_a_time_in_a_separate_cell_is_joined_to_the_date(text: str, time: str, stored: str) -> None:
    assert kept(text, time=time) == stored


@pytest.mark.parametrize(
    ("time", "suggestion"),
    [
        ("0.8125", "19:30:00"),
        ("19:00-22:00", "19:00:00"),
        ("19h às 22h", "19:00:00"),
        ("19-21h", "19:00:00"),
        ("19", "19:00:00"),
        ("7", "07:00:00"),
        ("1930", "19:30:00"),
        ("930", "09:30:00"),
        ("193000", "19:30:00"),
        ("93000", "09:30:00"),
        ("meio-dia", "12:00:00"),
        ("Meia noite", "00:00:00"),
        ("7 da manhã", "07:00:00"),
        ("8h da noite", "20:00:00"),
        ("8 horas da noite", "20:00:00"),
        ("12 da tarde", "12:00:00"),
        ("9 in the evening", "21:00:00"),
        ("9:30 de la noche", "21:30:00"),
        ("a partir das 19h", "19:00:00"),
        ("das 19h às 21h", "19:00:00"),
        ("das 8 às 12", "08:00:00"),
        ("from 7pm to 9pm", "19:00:00"),
        ("desde las 19:00", "19:00:00"),
        ("19h e 21h", "19:00:00"),
        ("19:00/21:00", "19:00:00"),
        ("19,30", "19:30:00"),
        ("19 e 30", "19:30:00"),
        ("19h e 30", "19:30:00"),
        ("19 y 30", "19:30:00"),
        ("\u00e0s 19 e 30", "19:30:00"),
        ("19 e 15", "19:15:00"),
        ("19 horas e 20 minutos", "19:20:00"),
        ("7 e 30 da noite", "19:30:00"),
        ("7 e meia da noite", "19:30:00"),
        ("19-30", None),
        ("19/30", None),
        ("19 a 30", None),
        ("19:00 e 30", "19:00:00"),
        ("19:30-35", "19:30:00"),
        ("19h30 a 45", "19:30:00"),
        ("20 e 21 horas", "20:00:00"),
        ("9 e 10 da manhã", "09:00:00"),
        ("19h e 30 (GMT-3)", "19:30:00-03:00"),
        ("das 19h e 30", "19:30:00"),
        ("7:00 PM (GMT-3) \u2192 10:00 PM", "19:00:00-03:00"),
        ("7:00 (GMT-3) - 10:00 PM", "19:00:00-03:00"),
        ("7.30", "07:30:00"),
        ("19,5", None),
        ("7.5", None),
        ("1900-01-00 19:30:00", "19:30:00"),
        ("00/01/1900 19:30", "19:30:00"),
        ("07:30 (noite)", "19:30:00"),
        ("12:00 da noite", "00:00:00"),
        ("12 de la noche", "00:00:00"),
        ("20h (abertura 19h)", "20:00:00"),
        ("19:00 BRT", "19:00:00-03:00"),
        ("19h às 21h (horário de Brasília)", "19:00:00-03:00"),
        ("19:00 EST", None),
        # Its offset depends on the day, which is known.
        ("19:00 Europe/Lisbon", "19:00:00+01:00"),
        ("7-9pm", "19:00:00"),
        ("11-1pm", "11:00:00"),
        ("11-1am", "23:00:00"),
        ("9-5pm", "09:00:00"),
        ("12-3pm", "12:00:00"),
        ("7am-9pm", "07:00:00"),
        ("19:30-9pm", "19:30:00"),
        ("7-7pm", None),
        ("9-12pm", None),
        ("7:30-9:00 PM", "19:30:00"),
        ("7:30 to 9 PM", "19:30:00"),
        ("7:00\u20139:00pm", "19:00:00"),
        ("7 and 9:30 PM", "19:00:00"),
        ("3, 5 and 7pm", "15:00:00"),
        ("7:30 - 9:00 p.m.", "19:30:00"),
        ("from 7 to 9pm", "19:00:00"),
        ("7-9pm (doors 6pm)", "19:00:00"),
        ("1h às 3h da tarde", "13:00:00"),
        ("8h às 10h da noite", "20:00:00"),
        ("8h às 1h da noite", None),
        ("8h às 10h da manhã", "08:00:00"),
        ("19:30:00-3", "19:30:00-03:00"),
        ("19:30-3", "19:30:00"),
        ("19h\n21h", "19:00:00"),
        ("19:00\n\n21:00", "19:00:00"),
        ("19h \u00b7 21h", "19:00:00"),
        ("19h | 21h", "19:00:00"),
        ("19:30 ~ 22:00", "19:30:00"),
        ("(19h30)", "19:30:00"),
        ("07.03.26", None),
        ("8 noite", "20:00:00"),
        ("2025-07-02", None),
        ("01/07/2025", None),
        ("25", None),
        ("1960", None),
        ("dia todo", None),
        ("24", None),
        ("a combinar", None),
        ("25 da noite", None),
    ],
)
def test_a_refused_time_has_an_explanation(time: str, suggestion: str | None) -> None:
    refused = parse("2025-07-01", time=time)
    assert isinstance(refused, Problem)
    assert (refused.field, refused.suggestion) == ("event_time", suggestion)


def test_two_hours_are_no_hour_and_minutes() -> None:
    refused = parse("2025-07-01", time="19 e 20")
    assert isinstance(refused, Problem)
    assert (refused.suggestion, refused.suggestions) == ("19:00:00", UNSET)


moments = st.datetimes(datetime(1900, 1, 2), datetime(2200, 12, 30))  # noqa: DTZ001 - naive on purpose


@given(moments, st.sampled_from(["", "Z", "-03:00", "+05:45"]))
def test_instants_equal_those_of_the_standard_library(moment: datetime, offset: str) -> None:
    text = moment.isoformat() + offset
    parsed = parse(text, "iso")
    assert not isinstance(parsed, Problem)
    aware = datetime.fromisoformat(text)
    aware = aware if aware.tzinfo else aware.replace(tzinfo=RECIFE)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    assert parsed[1] == (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def words(text: str) -> list[str]:
    return text.split()


_PT = words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro")
_ES = words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
_EN = words("January February March April May June July August September October November December")
_PT_DAYS = words("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo")


def _m(moment: datetime, names: list[str]) -> str:
    return names[moment.month - 1]


FORMS = {
    "year first": lambda m: f"{m.year}/{m.month:02}/{m.day:02}",
    "year first, short": lambda m: f"{m.year}-{m.month}-{m.day}",
    "compact": lambda m: f"{m:%Y%m%d}",
    "Portuguese": lambda m: f"{m.day} de {_m(m, _PT)} de {m.year}",
    "Portuguese, with its weekday": lambda m: (
        f"{_PT_DAYS[m.weekday()]}, {m.day} de {_m(m, _PT).upper()} de {m.year}"
    ),
    "Portuguese, short": lambda m: f"{m.day:02}-{_m(m, _PT)[:3]}-{m.year}",
    "Spanish": lambda m: f"{m.day} de {_m(m, _ES)} del {m.year}",
    "Spanish, short": lambda m: f"{m.day}/{_m(m, _ES)[:3]}./{m.year}",
    "English": lambda m: f"{_m(m, _EN)} {m.day}, {m.year}",
    "English, with its weekday": lambda m: (
        f"{ENGLISH_WEEKDAYS[m.weekday()][:3]}, {_m(m, _EN)[:3]} {m.day}, {m.year}"
    ),
    "RFC 5322": lambda m: f"{ENGLISH_WEEKDAYS[m.weekday()][:3]}, {m.day:02} {_m(m, _EN)[:3]} {m.year}",
}
NUMERIC = {
    "day first": (lambda m, s: f"{m.day:02}{s}{m.month:02}{s}{m.year}", "dmy"),
    "day first, short": (lambda m, s: f"{m.day}{s}{m.month}{s}{m.year}", "dmy"),
    "month first": (lambda m, s: f"{m.month:02}{s}{m.day:02}{s}{m.year}", "mdy"),
    "month first, short": (lambda m, s: f"{m.month}{s}{m.day}{s}{m.year}", "mdy"),
}
CLOCKS = {
    "none": lambda _m: "",
    "minutes": lambda m: f" {m.hour}:{m.minute:02}",
    "seconds": lambda m: f" {m.hour:02}:{m.minute:02}:{m.second:02}",
    "hours": lambda m: f" {m.hour}h{m.minute:02}",
    "after a bar": lambda m: f" | {m.hour:02}:{m.minute:02}",
    "after a point": lambda m: f" \u00b7 {m.hour}h{m.minute:02}",
    "twelve hours": lambda m: f"\u00a0{m.hour % 12 or 12}:{m.minute:02}\u202f{'AM' if m.hour < 12 else 'PM'}",
    "twelve hours, with points": lambda m: (
        f", {m.hour % 12 or 12}:{m.minute:02} {'a.' if m.hour < 12 else 'p.'}\u00a0m."
    ),
}


def _stored(moment: datetime, clock: str) -> str:
    if clock == "none":
        return f"{moment:%Y-%m-%d}T00:00:00"
    return f"{moment:%Y-%m-%d}T{moment:%H:%M}:{moment.second if clock == 'seconds' else 0:02}"


@given(moments, st.sampled_from(sorted(FORMS)), st.sampled_from(sorted(CLOCKS)), st.sampled_from(FORMATS))
def test_a_date_written_in_any_form_is_read_back(
    moment: datetime, form: str, clock: str, date_format: DateFormat
) -> None:
    text = FORMS[form](moment) + CLOCKS[clock](moment)
    assert kept(text, date_format) == _stored(moment, clock)


@given(
    moments,
    st.sampled_from(sorted(NUMERIC)),
    st.sampled_from("/.-"),
    st.sampled_from(sorted(CLOCKS)),
    st.booleans(),
)
def test_no_order_reads_a_numeric_date_as_another_day(
    moment: datetime, form: str, mark: str, clock: str, apart: bool
) -> None:
    write, own = NUMERIC[form]
    day, time = write(moment, mark), CLOCKS[clock](moment)
    stored = _stored(moment, clock)
    cells = (day, time.strip(" ,|\u00b7\u00a0")) if apart else (day + time, "")

    def read(date_format: DateFormat) -> str:
        return kept(cells[0], date_format, cells[1])

    assert read("dmy" if own == "dmy" else "mdy") == stored
    assert read("iso") == "invalid_date"
    other = read("mdy" if own == "dmy" else "dmy")
    assert (other == stored) == (moment.day == moment.month)
    assert (other == "invalid_date") == (moment.day > 12)
    by_itself = read("auto")
    if moment.day > 12 or moment.day == moment.month:
        assert by_itself == stored
    elif clock == "twelve hours":
        assert by_itself == read("mdy")
    else:
        assert by_itself == "ambiguous_date"


@given(
    st.text(st.characters())
    | st.from_regex(r"[0-9a-z]{1,4}[-/. ][0-9a-z]{2,4}[-/. ,][0-9]{2,4}[Tt ][0-9:.,Zz+hamp -]{0,20}")
)
def test_any_text_is_a_date_or_a_problem(text: str) -> None:
    for date_format in (None, *FORMATS):
        assert isinstance(parse(text, date_format), tuple | Problem)
        assert isinstance(parse("2025-07-01", date_format, text), tuple | Problem)


@given(st.from_regex(r"[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]", fullmatch=True))
@example("2018-11-04T00:30:00")
@example("1899-12-31T23:59:59")
@example("2024-02-30T00:00:00")
@example("2024-02-29T24:00:00")
def test_what_programs_write_is_read_at_once_as_by_its_parts(text: str) -> None:
    at_once, by_parts = parse(text, None), parse(text.replace("T", " "), None)
    if isinstance(by_parts, Problem):
        assert isinstance(at_once, Problem)
        assert at_once.code == by_parts.code
    else:
        assert at_once == by_parts


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        *[
            (text, "no_year")
            for text in ("24/06", "25/jun", "25 de junho", "June 25", "1º de julho", "29/02")
        ],
        *[
            (text, "no_year")
            for text in ("25/06 19h", "25 de junho às 19h", "Jun 25th, 7 PM", "sábado, 25/06")
        ],
        *[
            (text, "no_day")
            for text in ("06/2026", "2026-06", "junho de 2026", "Jun 2026", "2026 junho", "June, 2026")
        ],
        *[
            (text, "not_in_month")
            for text in (
                *("31/02/2026", "02/31/2026", "29/02/2027", "31/04/26", "32/01/2026", "2026-02-30"),
                *("31 de fevereiro de 2026", "February 30, 2026", "30/02/2026 19h", "sábado, 31/06/2026"),
            )
        ],
        *[
            (text, None)
            for text in (
                "28/05/2026 10:75",
                "28/05/2026 10h75",
                "27/05/2026 10.75",
                "31/13/2026",
                "palco 2026",
            )
        ],
        *[
            (text, None)
            for text in ("Recife", "7", "31/02", "25/13", "24/06 a 26/06", "junho", "19h", "2026")
        ],
    ],
)
def test_a_date_without_its_year_or_day_says_so(text: str, rule: str | None) -> None:
    problem = wording.invalid("event_date", text)
    assert (problem.code, problem.rule) == ("invalid_date", rule or UNSET)


def test_a_date_that_may_be_meant_is_not_called_one_that_is_no_day() -> None:
    for order in (None, DateOrder("iso")):
        refused = parse_event_date("31/12/2026", timezone=RECIFE, order=order)
        assert isinstance(refused, Problem)
        assert (refused.rule, refused.suggestion) == (UNSET, "2026-12-31")


@pytest.mark.parametrize("text", ["03/04/2026 às 7:30 PM", "03/04/2026 a las 7:30 PM", "03/04/2026, às 7pm"])
def test_words_of_who_writes_the_day_first_speak_against_american_order(text: str) -> None:
    assert kept(text, "auto") == "ambiguous_date"
    assert kept("03/04/2026", "auto", time="às 7:30 PM") == "ambiguous_date"
    assert kept("03/04/2026 at 7:30 PM", "auto") == "2026-03-04T19:30:00"
