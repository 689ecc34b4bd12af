"""Dates as people write them, in each form and by each order."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from domain.dates import DateOrder, parse_event_date
from domain.dates.words import ENGLISH_WEEKDAYS
from domain.imports import DateFormat
from domain.problems import Problem
from tests.domain.dates.reading import FORMATS, RECIFE, kept, parse

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


@pytest.mark.parametrize("text", ["03/04/2026 às 7:30 PM", "03/04/2026 a las 7:30 PM", "03/04/2026, às 7pm"])
def test_words_of_who_writes_the_day_first_speak_against_american_order(text: str) -> None:
    assert kept(text, "auto") == "ambiguous_date"
    assert kept("03/04/2026", "auto", time="às 7:30 PM") == "ambiguous_date"
    assert kept("03/04/2026 at 7:30 PM", "auto") == "2026-03-04T19:30:00"
